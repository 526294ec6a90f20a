"""How calls fail: the code, the reason behind it, and how soon."""

import json
import time

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from client import AUTHORIZATION, CALL_LIMIT_S, PairTest, details_of, rest
from hypeman.v1 import snapshot_pb2, snapshot_service_pb2

ABSENT = "a" * 24
QUICK_S = 0.010


class Errors(PairTest):
    def test_a_second_snapshot_of_the_same_name_already_exists(self):
        source = self.running_instance().id
        self.snapshot_of(source, name="baseline-standby")

        error = self.assert_fails(
            grpc.StatusCode.ALREADY_EXISTS, self.snapshot_of, source, name="baseline-standby"
        )
        self.assertIn('snapshot name "baseline-standby" already exists', error.details())
        _, details = details_of(error)
        self.assertEqual(details["ErrorInfo"].reason, "conflict")
        self.assertEqual(details["ErrorInfo"].metadata["http_status"], "409")
        self.assertEqual(len(self.list_snapshots(source_instance_id=source)), 1)

    def test_a_stopped_snapshot_of_a_running_instance_is_refused_for_its_state(self):
        error = self.assert_fails(
            grpc.StatusCode.FAILED_PRECONDITION,
            self.snapshot_of,
            self.running_instance().id,
            kind=snapshot_pb2.SNAPSHOT_KIND_STOPPED,
        )
        self.assertIn("got Running", error.details())

    def test_a_missing_snapshot_is_not_found_and_the_details_say_who_says_so(self):
        error = self.assert_fails(grpc.StatusCode.NOT_FOUND, self.get_snapshot, ABSENT)
        self.assertEqual(error.details(), "snapshot not found")

        status, details = details_of(error)
        self.assertEqual(status.code, grpc.StatusCode.NOT_FOUND.value[0])
        self.assertEqual(status.message, "snapshot not found")
        info = details["ErrorInfo"]
        self.assertEqual(info.reason, "not_found")
        self.assertEqual(info.domain, "hypeman")
        self.assertEqual(info.metadata["http_status"], "404")

    def test_from_call_reads_the_reason(self):
        error = self.assert_fails(grpc.StatusCode.NOT_FOUND, self.get_snapshot, ABSENT)
        status = rpc_status.from_call(error)
        info = error_details_pb2.ErrorInfo()
        self.assertTrue(any(detail.Unpack(info) for detail in status.details))
        self.assertEqual((status.message, info.reason), ("snapshot not found", "not_found"))

    def test_a_missing_snapshot_cannot_be_deleted_nor_one_of_a_missing_instance_made(self):
        self.assert_fails(grpc.StatusCode.NOT_FOUND, self.delete_snapshot, ABSENT)
        self.assert_fails(grpc.StatusCode.NOT_FOUND, self.snapshot_of, ABSENT)

    def test_a_call_without_a_token_is_unauthenticated(self):
        empty = snapshot_service_pb2.ListSnapshotsRequest()
        for call in (
            lambda: self.snapshots.ListSnapshots(empty, metadata=()),
            lambda: self.get_instance(ABSENT, metadata=()),
        ):
            error = self.assert_fails(grpc.StatusCode.UNAUTHENTICATED, call)
            _, details = details_of(error)
            self.assertEqual(details["ErrorInfo"].metadata["http_status"], "401")

    def test_an_id_that_is_empty_or_a_dot_segment_is_an_invalid_argument(self):
        for resource_id in ("", ".", ".."):
            for call, field in (
                (self.snapshot_of, "instance_id"),
                (self.get_instance, "instance_id"),
                (self.delete_instance, "instance_id"),
                (self.get_snapshot, "snapshot_id"),
                (self.delete_snapshot, "snapshot_id"),
            ):
                with self.subTest(call=call.__name__, id=resource_id):
                    error = self.assert_fails(
                        grpc.StatusCode.INVALID_ARGUMENT, call, resource_id
                    )
                    _, details = details_of(error)
                    self.assertEqual(details["BadRequest"].field_violations[0].field, field)

    def test_an_id_with_a_slash_stays_one_id(self):
        self.assert_fails(
            grpc.StatusCode.NOT_FOUND, self.get_snapshot, f"../instances/{ABSENT}"
        )

    def test_a_snapshot_without_a_kind_is_an_invalid_argument(self):
        error = self.assert_fails(
            grpc.StatusCode.INVALID_ARGUMENT,
            self.snapshot_of,
            self.running_instance().id,
            kind=snapshot_pb2.SNAPSHOT_KIND_UNSPECIFIED,
        )
        _, details = details_of(error)
        self.assertEqual(details["ErrorInfo"].reason, "Bad Request")

    def test_a_name_the_api_does_not_allow_is_an_invalid_argument(self):
        source = self.running_instance().id
        for name in ("", "Upper", "-dash", "x" * 64):
            with self.subTest(name):
                self.assert_fails(
                    grpc.StatusCode.INVALID_ARGUMENT, self.snapshot_of, source, name=name
                )

    def test_a_kind_that_is_none_is_refused_over_rest(self):
        status, _ = rest("GET", "/snapshots?kind=standby")
        self.assertEqual(status, 400)

        path = f"/instances/{self.running_instance().id}/snapshots"
        status, body = rest("POST", path, {"kind": "standby"})
        self.assertEqual(status, 400)
        self.assertEqual(json.loads(body)["code"], "Bad Request")
        self.assertIn("/kind", json.loads(body)["message"])

    def test_a_method_that_does_not_exist_is_unimplemented_and_said_so_at_once(self):
        metadata = (("authorization", AUTHORIZATION),)
        for path in (
            "/hypeman.v1.SnapshotService/PauseSnapshot",
            "/hypeman.v2.SnapshotService/GetSnapshot",
        ):
            call = self.channel.unary_unary(path)
            best = CALL_LIMIT_S
            for _ in range(20):
                start = time.perf_counter()
                self.assert_fails(
                    grpc.StatusCode.UNIMPLEMENTED,
                    call,
                    b"",
                    metadata=metadata,
                    timeout=CALL_LIMIT_S,
                )
                best = min(best, time.perf_counter() - start)
            self.assertLess(best, QUICK_S, path)
