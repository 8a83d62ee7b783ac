"""Tests of the recount on cases that were counted by hand."""

import json
import unittest

from tests.recount import recount

MINUTE_US = 60 * recount.SECOND_US


def call(time, crime="Noise", disposition="HAN", **more):
    fields = {
        "original_crime_type_name": crime,
        "call_date_time": "2018-12-31T" + time,
        "disposition": disposition,
    }
    fields.update(more)
    return json.dumps(fields).encode()


def log_of(*values, partition=0, timestamp_ms=None):
    return [
        recount.LogRecord(partition, offset, timestamp_ms, value)
        for offset, value in enumerate(values)
    ]


def rows_of(log, view="calls-by-type", codes=None):
    field = dict((v, f) for v, f, _ in recount.VIEWS)[view]
    return [
        (row["window_start"][11:16], row["window_end"][11:16], row[field], row["count"])
        for row in recount.recount(log).rows(view, codes or {})
    ]


class EventTime(unittest.TestCase):
    def test_reads_the_forms_of_iso_8601(self):
        expected = 1_546_300_620 * recount.SECOND_US  # date -u -d '2018-12-31T23:57:00Z' +%s
        for text in (
            "2018-12-31T23:57:00.000",
            "2018-12-31 23:57:00",
            "2018-12-31T23:57:00Z",
            "2018-12-31T15:57:00-08:00",
            "2019-01-01T05:27:00.000000000+05:30",
        ):
            self.assertEqual(recount.parse_time_us(text), expected, text)

    def test_keeps_microseconds(self):
        self.assertEqual(recount.parse_time_us("1970-01-01T00:00:00.0000019Z"), 1)
        self.assertEqual(recount.parse_time_us("1970-01-01T00:00:00.5Z"), 500_000)
        self.assertEqual(recount.parse_time_us("1969-12-31T23:59:59.9Z"), -100_000)

    def test_refuses_what_is_no_time(self):
        for text in (
            "",
            "2018-12-31",
            "2018-13-01T00:00:00",
            "2018-02-29T00:00:00",
            "2018-12-31T24:00:00",
            "2018-12-31T23:60:00",
            "2018-12-31T23:57:60",
            "2018-12-31T23:57",
            "2018-12-31T23:57:00.0000000000",
            "2018-12-31T23:57:00 Z",
            "2018-12-31T23:57:00+0530",
            " 2018-12-31T23:57:00",
            "2018-12-31T23:57:00\n",
            "٢018-12-31T23:57:00",
        ):
            self.assertIsNone(recount.parse_time_us(text), text)


class Windows(unittest.TestCase):
    def test_a_call_is_in_both_windows_that_hold_it(self):
        self.assertEqual(
            rows_of(log_of(call("12:07:00"))),
            [("12:00", "12:10", "Noise", 1), ("12:05", "12:15", "Noise", 1)],
        )

    def test_start_belongs_to_the_window_and_end_does_not(self):
        self.assertEqual(
            rows_of(log_of(call("12:10:00"), call("12:09:59.999999"))),
            [
                ("12:00", "12:10", "Noise", 1),
                ("12:05", "12:15", "Noise", 2),
                ("12:10", "12:20", "Noise", 1),
            ],
        )

    def test_before_1970_rounds_down(self):
        starts = recount.Settings().windows_of(-1)
        self.assertEqual(starts, [-5 * MINUTE_US, -10 * MINUTE_US])

    def test_rows_are_sorted_by_start_then_group_with_null_first(self):
        log = log_of(call("12:02:00", "b"), call("12:02:00", None), call("12:02:00", "B"))
        self.assertEqual(
            [group for start, _, group, _ in rows_of(log) if start == "12:00"], [None, "B", "b"]
        )


class Lateness(unittest.TestCase):
    def test_late_when_the_end_is_at_the_watermark(self):
        # Watermark 12:10: the window [12:00, 12:10) is over, [12:05, 12:15) is not.
        result = recount.recount(log_of(call("13:10:00"), call("12:09:00", "late")))
        rows = [
            (row["window_start"][11:16], row["count"])
            for row in result.rows("calls-by-type", {})
            if row["original_crime_type_name"] == "late"
        ]
        self.assertEqual(rows, [("12:05", 1)])
        self.assertEqual(result.summary()["late"]["calls-by-type"], 1)
        self.assertEqual(result.summary()["late_everywhere"]["calls-by-type"], 0)

    def test_not_late_just_before(self):
        result = recount.recount(log_of(call("13:09:59.999999"), call("12:09:00")))
        self.assertEqual(result.summary()["late"]["calls-by-type"], 0)

    def test_late_everywhere(self):
        result = recount.recount(log_of(call("14:00:00"), call("12:09:00"), call("12:01:00")))
        summary = result.summary()
        self.assertEqual(summary["late"], {"calls-by-type": 4, "calls-by-disposition": 4})
        self.assertEqual(summary["late_everywhere"]["calls-by-disposition"], 2)
        self.assertEqual(summary["rows"]["calls-by-type"], 2)

    def test_a_late_record_does_not_move_the_watermark_back(self):
        result = recount.recount(log_of(call("14:00:00"), call("12:00:00"), call("12:30:00")))
        self.assertEqual(result.summary()["late_everywhere"]["calls-by-type"], 2)

    def test_a_record_is_not_late_by_its_own_time(self):
        result = recount.recount(log_of(call("00:00:00"), call("14:00:00"), call("14:00:00")))
        self.assertEqual(result.summary()["late"]["calls-by-type"], 0)

    def test_partitions_have_their_own_watermarks(self):
        log = log_of(call("14:00:00")) + log_of(call("12:00:00"), partition=1)
        self.assertEqual(recount.recount(log).summary()["late"]["calls-by-type"], 0)

    def test_offsets_and_not_the_order_of_the_dump_decide(self):
        log = log_of(call("12:00:00"), call("14:00:00"))
        self.assertEqual(recount.recount(log[::-1]).summary()["late"]["calls-by-type"], 0)


class Groups(unittest.TestCase):
    def groups(self, raw):
        value = b'{"call_date_time":"2018-12-31T12:07:00","disposition":"A"' + raw + b"}"
        return {group for _, _, group, _ in rows_of(log_of(value))}

    def test_text_null_missing(self):
        self.assertEqual(self.groups(b',"original_crime_type_name":"x"'), {"x"})
        self.assertEqual(self.groups(b',"original_crime_type_name":null'), {None})
        self.assertEqual(self.groups(b""), {None})
        self.assertEqual(self.groups(b',"original_crime_type_name":""'), {""})

    def test_numbers_and_truth_values_are_their_json_text(self):
        for text in (b"22", b"1.50", b"1e5", b"-0", b"true", b"false"):
            self.assertEqual(
                self.groups(b',"original_crime_type_name":' + text), {text.decode()}, text
            )

    def test_objects_and_arrays_are_dead_letters(self):
        for text in (b"{}", b"[1]"):
            self.assertEqual(self.groups(b',"original_crime_type_name":' + text), set())


class Join(unittest.TestCase):
    CODES = recount.read_radio_codes(
        b'[{"disposition_code":"HAN","description":"Handled"},'
        b'{"disposition_code":"HAN","description":"twice"},'
        b'{"disposition_code":"22","description":"Cancel"}]'
    )

    def descriptions(self, disposition):
        log = log_of(call("12:07:00", disposition=disposition))
        rows = recount.recount(log).rows("calls-by-disposition", self.CODES)
        return [(row["disposition"], row["description"]) for row in rows]

    def test_left_join(self):
        self.assertEqual(self.descriptions("HAN"), [("HAN", "Handled")] * 2)
        self.assertEqual(self.descriptions("Not recorded"), [("Not recorded", None)] * 2)
        self.assertEqual(self.descriptions(None), [(None, None)] * 2)
        self.assertEqual(self.descriptions(22), [("22", "Cancel")] * 2)


class DeadLetters(unittest.TestCase):
    def test_reasons(self):
        bad = {
            b"": "not-json",
            b"{": "not-json",
            b'{"call_date_time":"2018-12-31T12:00:00"} x': "not-json",
            b'{"call_date_time":"2018-12-31T12:00:00","a":NaN}': "not-json",
            b'\xff{"a":1}': "not-json",
            b"[]": "not-an-object",
            b'"x"': "not-an-object",
            b"{}": "time-missing",
            b'{"call_date_time":null}': "time-missing",
            b'{"call_date_time":1546300620}': "time-type",
            b'{"call_date_time":{}}': "time-type",
            b'{"call_date_time":"yesterday"}': "time-unreadable",
            b'{"call_date_time":"2018-12-31T12:00:00","disposition":[]}': "group-type",
        }
        result = recount.recount(log_of(*bad))
        self.assertEqual(
            result.dead_letters, [(0, i, reason) for i, reason in enumerate(bad.values())]
        )
        self.assertEqual(result.summary()["rows"], {"calls-by-type": 0, "calls-by-disposition": 0})

    def test_they_do_not_move_the_watermark(self):
        result = recount.recount(log_of(call("20:00:00", disposition=[]), call("12:00:00")))
        self.assertEqual(result.summary()["late"]["calls-by-type"], 0)

    def test_too_far_in_the_future_of_the_timestamp(self):
        timestamp_ms = recount.parse_time_us("2018-12-30T12:00:00Z") // 1_000
        log = log_of(call("12:00:00"), call("12:00:01"), timestamp_ms=timestamp_ms)
        self.assertEqual(recount.recount(log).dead_letters, [(0, 1, "time-in-the-future")])


class Inputs(unittest.TestCase):
    def test_an_array_and_lines_are_the_same(self):
        array = b' [ {"a": "]"},\n{"a":\n{"b":2}} ,3 ]'
        self.assertEqual(
            recount.split_dataset(array), [b'{"a": "]"}', b'{"a":\n{"b":2}}', b"3"]
        )
        self.assertEqual(recount.split_dataset(b"[\n]"), [])
        self.assertEqual(recount.split_dataset(b'[1, 2]\n{"a":1}'), [b"[1, 2]", b'{"a":1}'])
        self.assertEqual(recount.split_dataset(b'{"a":1}\n\n{broken\r\n'), [b'{"a":1}', b"{broken\r"])

    def test_event_time_order_is_stable_and_the_unreadable_stay_behind(self):
        late, no_time, early = call("12:00:00", "late"), b"{", call("11:00:00", "early")
        same = call("12:00:00", "same")
        self.assertEqual(
            recount.order_by_event_time([late, no_time, same, early]), [early, late, no_time, same]
        )
        self.assertEqual(recount.order_by_event_time([no_time, early]), [no_time, early])

    def test_partition_is_the_number_of_the_record(self):
        data = b"\n".join(call("12:00:00", str(i)) for i in range(5))
        log = recount.read_dataset(data, "file", partitions=2)
        self.assertEqual(
            [(r.partition, r.offset) for r in log], [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2)]
        )

    def test_reads_a_dump_with_any_bytes(self):
        dump = b"0 0 5 3\na\nb\n1 7 6 0\n\n1 8 6 -1\n\n"
        self.assertEqual(
            recount.read_log(dump),
            [
                recount.LogRecord(0, 0, 5, b"a\nb"),
                recount.LogRecord(1, 7, 6, b""),
                recount.LogRecord(1, 8, 6, None),
            ],
        )
        with self.assertRaises(ValueError):
            recount.read_log(b"0 0 5 3\nabcd\n")


if __name__ == "__main__":
    unittest.main()
