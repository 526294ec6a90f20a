"""A channel that compresses what it sends, as grpcio does when told to."""

import grpc
from client import GRPC_URL, PairTest
from hypeman.v1 import instance_service_pb2

LIMIT = 4 * 1024 * 1024  # of a message, inflated


class Gzip(PairTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        packing = grpc.insecure_channel(
            GRPC_URL.removeprefix("grpc://"),
            options=(("grpc.enable_http_proxy", 0),),
            compression=grpc.Compression.Gzip,
        )
        cls.addClassCleanup(packing.close)
        cls.use(packing)

    def test_compressed_requests_are_understood_and_large_replies_come_back_whole(self):
        tags = {f"key-{n}": chr(ord("a") + n % 26) * 200 for n in range(50)}
        instance = self.running_instance()
        for _ in range(4):
            self.snapshot_of(instance.id, tags=tags)
        listed = self.list_snapshots(source_instance_id=instance.id)
        self.assertEqual([dict(snapshot.tags) for snapshot in listed], [tags] * 4)

    def test_what_inflates_to_more_than_the_limit_is_refused(self):
        request = instance_service_pb2.CreateInstanceRequest(name="n" * 16 * LIMIT, image="nginx")
        error = self.assert_fails(
            grpc.StatusCode.RESOURCE_EXHAUSTED, self.instances.CreateInstance, request
        )
        self.assertIn("inflates to more than the 4194304 bytes allowed", error.details())
