"""Every record that cannot be read is in the dead-letter topic, once, with why and from where."""

import collections
import unittest

from tests.e2e.system import SOURCE_TOPIC, System, generator, random_seed
from tests.e2e.verdict import assert_dead_letters, assert_rows, dead_letters


class DeadLetters(unittest.TestCase):
    maxDiff = 2000

    def test_a_thousand_among_fifty_thousand(self):
        seed = random_seed(self)
        system = System(self)
        system.start()
        system.replay_all(generator(50_000, seed, broken_records=1_000))
        system.drain()

        expected = system.recount()
        self.assertEqual(expected.summary()["dead_lettered"], 1_000)
        assert_dead_letters(self, system, expected)
        # The good ones are all counted.
        assert_rows(self, system, expected)
        reasons = collections.defaultdict(set)
        kinds = {(partition, offset): kind for partition, offset, kind in expected.dead_letters}
        for origin, letter in dead_letters(system):
            reasons[kinds[origin]].add(letter.headers["windrow-reason"])
        self.assertGreaterEqual(len(reasons), 4, "kinds of broken records")
        print("         reasons:", {kind: sorted(texts)[:2] for kind, texts in reasons.items()})

    def test_odd_records(self):
        """Hand-made records at the edges of what can be read."""
        system = System(self)
        system.start()
        dataset = system.directory / "odd.ndjson"
        dataset.write_bytes(ODD_RECORDS)
        system.replay_all(
            {"topic": SOURCE_TOPIC, "dataset": {"path": str(dataset)}, "order": "ORDER_FILE"}
        )
        system.drain()
        expected = system.recount()
        self.assertEqual(
            expected.summary()["read"], sum(1 for line in ODD_RECORDS.split(b"\n") if line.strip())
        )
        self.assertEqual(expected.summary()["dead_lettered"], ODD_RECORDS.count(b"bad"))
        assert_dead_letters(self, system, expected)
        assert_rows(self, system, expected)


# What the recount takes for broken says "bad" (or cannot say anything).
ODD_RECORDS = (
    b"""
{"call_date_time":"2018-12-31T10:00:00.000","original_crime_type_name":"plain","disposition":"HAN"}
{"call_date_time":"2018-12-31 10:01:00","original_crime_type_name":"a space","disposition":"HAN"}
{"call_date_time":"2018-12-31T10:01:00Z","original_crime_type_name":"Zulu","disposition":"HAN"}
{"call_date_time":"2018-12-31T02:02:00-08:00","original_crime_type_name":"zone","disposition":"HAN"}
{"call_date_time":"2018-12-31T10:04:59.999999999","original_crime_type_name":"nanos","disposition":"HAN"}
{"call_date_time":"2018-12-31T10:05:00.000","original_crime_type_name":"border","disposition":"HAN"}
{"call_date_time":"2018-12-31T10:03:00.000","original_crime_type_name":22,"disposition":22}
{"call_date_time":"2018-12-31T10:03:00.000","original_crime_type_name":1.50,"disposition":-0}
{"call_date_time":"2018-12-31T10:03:00.000","original_crime_type_name":1e5,"disposition":1.0E+2}
{"call_date_time":"2018-12-31T10:03:00.000","original_crime_type_name":true,"disposition":false}
{"call_date_time":"2018-12-31T10:03:00.000","original_crime_type_name":null,"disposition":null}
{"call_date_time":"2018-12-31T10:03:00.000"}
{"call_date_time":"2018-12-31T10:03:00.000","original_crime_type_name":"","disposition":""}
{"call_date_time":"2018-12-31T10:03:00.000","original_crime_type_name":"\\u00e9\\ud83d\\ude00","disposition":"\\u0000"}
{"call_date_time":"2018-12-31T10:03:00.000","original_crime_type_name":"\xc3\xa9\xf0\x9f\x98\x80","disposition":"a\\"b\\\\c\\n"}
{ "disposition" : "ADM" , "call_date_time" : "2018-12-31T10:03:00.000" , "nested" : { "call_date_time" : 1 } }
{"call_date_time":"2018-12-31T10:03:00.000","bad":1,"disposition":{}}
{"call_date_time":"2018-12-31T10:03:00.000","bad":1,"original_crime_type_name":[]}
{"call_date_time":"2018-12-31T10:03:00.000","bad":1,"disposition":"HAN"
{"call_date_time":"2018-12-31T10:03:00.000","bad":1,"disposition":"HAN"} {}
{"call_date_time":"2018-12-31T10:03:00.000","bad":"\xff","disposition":"HAN"}
{"call_date_time":"2018-12-31T10:03:00.000","disposition":"HAN","bad":[1,2}
{"call_date_time":"2018-02-30T10:03:00.000","bad":1}
{"call_date_time":"2018-12-31T24:00:00.000","bad":1}
{"call_date_time":"2018-12-31","bad":1}
{"call_date_time":"","bad":1}
{"call_date_time":1546250580,"bad":1}
{"call_date_time":null,"bad":1}
{"call_date_time":["2018-12-31T10:03:00.000"],"bad":1}
{"bad":1}
["bad"]
"bad"
bad
{"call_date_time":"9999-12-31T23:59:59","bad":1}
{"call_date_time":"2018-12-31T10:06:00.000","original_crime_type_name":"last","disposition":"HAN"}
"""
)


if __name__ == "__main__":
    unittest.main()
