"""The example notebook, run as Jupyter runs it: the plot is in it, and moves."""

import base64
import io
import os
import pathlib
import threading
import unittest

import nbclient
import nbformat
import numpy
from fake_services import FakeQuery, changes, close, row
from PIL import Image

NOTEBOOK = pathlib.Path(__file__).parents[1] / "examples/live_plot.ipynb"
# matplotlib's first two colours: those of the groups with the largest and the next sum.
LINES = {"first": (31, 119, 180), "second": (255, 127, 14)}


class Watcher(nbclient.NotebookClient):
    """Runs a notebook, and keeps each image that a cell shows on the way."""

    def __init__(self, notebook, on_image):
        super().__init__(notebook, timeout=120)
        self.images = []
        self.on_image = on_image

    def process_message(self, message, cell, cell_index):
        image = message["content"].get("data", {}).get("image/png")
        if image is not None:
            self.images.append(image)
            self.on_image(image)
        return super().process_message(message, cell, cell_index)


def lines(image):
    """Which of the two lines are in a PNG: pixels that nearly have its colour."""
    pixels = numpy.asarray(Image.open(io.BytesIO(base64.b64decode(image))).convert("RGB"), dtype=int)
    return {name for name, colour in LINES.items() if (abs(pixels - colour).max(axis=2) < 8).any()}


class NotebookTest(unittest.TestCase):
    def test_the_plot_is_in_the_executed_notebook_and_moves(self):
        drawn = threading.Event()
        fire = [row("Fire", 3), row("Fire", 5, window=1)]
        traffic = [row("Traffic", 2), row("Traffic", 4, window=1)]
        fake = FakeQuery([("t", [fire]), ("t0", [fire])],
                         [[drawn, changes("t1", *traffic), close("t2", "END_REACHED")]])
        self.addCleanup(fake.stop)
        notebook = nbformat.read(NOTEBOOK, nbformat.NO_CONVERT)
        self.assertEqual([cell for cell in notebook.cells if cell.get("outputs")], [], "stored outputs")

        # The second line's rows come when the first line has been shown.
        watcher = Watcher(notebook, lambda image: drawn.set() if lines(image) == {"first"} else None)
        watcher.execute(env=dict(os.environ, WINDROW_QUERY=fake.address))

        outputs = {cell.source.split("(")[0]: cell.outputs for cell in notebook.cells if cell.get("outputs")}
        plot = outputs["plot = frames.LivePlot"]
        self.assertEqual([output.output_type for output in plot], ["display_data"], plot)
        self.assertEqual(plot[0].data["image/png"], watcher.images[-1])
        self.assertTrue(drawn.is_set())
        self.assertEqual(lines(watcher.images[-1]), {"first", "second"})
        self.assertIn("Fire", outputs["frames.results"][0].data["text/html"])
        self.assertIn("Traffic", outputs["plot.wide"][0].data["text/html"])


if __name__ == "__main__":
    unittest.main()
