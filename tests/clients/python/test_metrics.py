"""/metrics, read by the parser that the Prometheus project keeps for Python."""

import math
import re
import time
import urllib.request

import grpc
from client import ADMIN_URL, CALL_LIMIT_S, PairTest
from prometheus_client.parser import text_string_to_metric_families

GET = {"grpc_service": "hypeman.v1.SnapshotService", "grpc_method": "GetSnapshot"}


def scrape():
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(ADMIN_URL + "/metrics", timeout=CALL_LIMIT_S) as response:
        return response.headers["content-type"], response.read().decode()


def families():
    return {family.name: family for family in text_string_to_metric_families(scrape()[1])}


def value(name, **labels):
    """The sum of a family's samples of that name that have these labels."""
    return sum(
        sample.value
        for family in families().values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


class Metrics(PairTest):
    def test_the_page_says_what_it_is(self):
        content_type, page = scrape()
        self.assertEqual(content_type, "text/plain; version=0.0.4; charset=utf-8")
        self.assertTrue(page.endswith("\n"))

    def test_every_family_has_help_a_type_and_a_fitting_name(self):
        for family in families().values():
            with self.subTest(family.name):
                self.assertNotEqual(family.documentation, "")
                self.assertIn(family.type, ("counter", "gauge", "histogram"))
                self.assertRegex(family.name, r"^(grpc_server|hypeman_gateway|process)_[a-z_]+$")
                self.assertTrue(family.samples)
                if family.type == "counter":
                    # The parser takes the suffix off the family's name.
                    self.assertEqual({sample.name for sample in family.samples},
                                     {family.name + "_total"})

    def test_no_sample_comes_twice_and_no_family_is_split(self):
        page = scrape()[1]
        heads = re.findall(r"^# TYPE (\S+)", page, re.MULTILINE)
        self.assertEqual(len(heads), len(set(heads)))
        series = [line.rsplit(" ", 1)[0] for line in page.splitlines() if not line.startswith("#")]
        self.assertEqual(len(series), len(set(series)))

    def test_histograms_grow_up_to_their_count(self):
        for family in families().values():
            if family.type != "histogram":
                continue
            buckets, counts = {}, {}
            for sample in family.samples:
                key = tuple(sorted((k, v) for k, v in sample.labels.items() if k != "le"))
                if sample.name.endswith("_bucket"):
                    buckets.setdefault(key, []).append((float(sample.labels["le"]), sample.value))
                elif sample.name.endswith("_count"):
                    counts[key] = sample.value
            self.assertEqual(buckets.keys(), counts.keys())
            for key, steps in buckets.items():
                self.assertEqual(steps, sorted(steps))
                self.assertEqual([count for _, count in steps],
                                 sorted(count for _, count in steps))
                self.assertEqual(steps[-1], (math.inf, counts[key]))

    def test_a_call_shows_up_under_its_method_and_code(self):
        before = value("grpc_server_handled_total", grpc_code="NotFound", **GET)
        spent = value("grpc_server_handling_seconds_sum", **GET)
        self.assert_fails(grpc.StatusCode.NOT_FOUND, self.get_snapshot, "a" * 24)
        limit = time.monotonic() + CALL_LIMIT_S  # it is counted a moment after it is answered
        while time.monotonic() < limit:
            if value("grpc_server_handled_total", grpc_code="NotFound", **GET) > before:
                break
        self.assertEqual(value("grpc_server_handled_total", grpc_code="NotFound", **GET), before + 1)
        self.assertGreater(value("grpc_server_handling_seconds_sum", **GET), spent)

    def test_labels_are_bounded_whatever_clients_call(self):
        series = len(scrape()[1].splitlines())
        for number in range(50):
            call = self.channel.unary_unary(f"/made.up.Service{number}/Method{number}")
            self.assert_fails(grpc.StatusCode.UNIMPLEMENTED, call, b"", timeout=CALL_LIMIT_S)
        self.assertLessEqual(len(scrape()[1].splitlines()), series + 2)
        self.assertNotIn("made.up", scrape()[1])
