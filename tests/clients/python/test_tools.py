"""Tools that bring no .proto files of ours: reflection and health, by the packages of gRPC itself."""

import grpc
from client import AUTHORIZATION, CALL_LIMIT_S, PairTest
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SERVING = health_pb2.HealthCheckResponse.SERVING
OWN = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}


class Reflection(PairTest):
    def setUp(self):
        self.database = ProtoReflectionDescriptorDatabase(self.channel)

    def test_every_service_is_listed(self):
        services = set(self.database.get_services())
        self.assertLessEqual(OWN, services)
        self.assertLessEqual(
            {"hypeman.v1.InstanceService", "hypeman.v1.SnapshotService"}, services
        )

    def test_every_service_is_described_with_all_it_refers_to(self):
        pool = descriptor_pool.DescriptorPool(self.database)
        for name in self.database.get_services():
            with self.subTest(name):
                service = pool.FindServiceByName(name)
                self.assertTrue(service.methods)
                for method in service.methods:
                    message_factory.GetMessageClass(method.input_type)
                    message_factory.GetMessageClass(method.output_type)

    def test_a_call_is_made_by_what_was_described(self):
        snapshot = self.snapshot_of(self.running_instance().id)
        pool = descriptor_pool.DescriptorPool(self.database)
        service = pool.FindServiceByName("hypeman.v1.SnapshotService")
        method = service.methods_by_name["GetSnapshot"]
        request = message_factory.GetMessageClass(method.input_type)(snapshot_id=snapshot.id)
        call = self.channel.unary_unary(
            f"/{service.full_name}/{method.name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(method.output_type).FromString,
        )
        answer = call(
            request, metadata=(("authorization", AUTHORIZATION),), timeout=CALL_LIMIT_S
        )
        self.assertEqual(answer.id, snapshot.id)
        self.assertEqual(answer.source_instance_id, snapshot.source_instance_id)

    def test_the_details_of_an_error_are_read_by_what_was_described(self):
        error = self.assert_fails(grpc.StatusCode.NOT_FOUND, self.get_snapshot, "none")
        pool = descriptor_pool.DescriptorPool(self.database)
        trailers = dict(error.trailing_metadata())

        def read(name, data):
            return message_factory.GetMessageClass(pool.FindMessageTypeByName(name)).FromString(data)

        status = read("google.rpc.Status", trailers["grpc-status-details-bin"])
        (info,) = status.details
        self.assertEqual(info.type_url, "type.googleapis.com/google.rpc.ErrorInfo")
        self.assertEqual(read("google.rpc.ErrorInfo", info.value).reason, "not_found")

    def test_what_does_not_exist_is_not_found(self):
        for name in ("hypeman.v1.Nothing", "hypeman/v1/nothing.proto"):
            with self.assertRaises(KeyError):
                self.database.FindFileContainingSymbol(name)
            with self.assertRaises(KeyError):
                self.database.FindFileByName(name)


class Health(PairTest):
    def setUp(self):
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def check(self, service):
        request = health_pb2.HealthCheckRequest(service=service)
        return self.health.Check(request, timeout=CALL_LIMIT_S).status

    def test_the_server_and_every_service_are_serving(self):
        database = ProtoReflectionDescriptorDatabase(self.channel)
        for service in ["", *database.get_services()]:
            with self.subTest(service):
                self.assertEqual(self.check(service), SERVING)

    def test_a_service_that_does_not_exist_is_not_found(self):
        self.assert_fails(grpc.StatusCode.NOT_FOUND, self.check, "hypeman.v1.Nothing")

    def test_a_watch_says_at_once_how_things_are(self):
        request = health_pb2.HealthCheckRequest(service="hypeman.v1.SnapshotService")
        watch = self.health.Watch(request, timeout=CALL_LIMIT_S)
        self.assertEqual(next(watch).status, SERVING)
        watch.cancel()
