"""The stock client with generated code, and the few helpers the tests share."""

import json
import os
import secrets
import time
import unittest
import urllib.error
import urllib.request

import grpc
from google.rpc import error_details_pb2, status_pb2
from hypeman.v1 import common_pb2, instance_pb2, instance_service_pb2, instance_service_pb2_grpc
from hypeman.v1 import snapshot_pb2, snapshot_service_pb2, snapshot_service_pb2_grpc

AUTHORIZATION = "Bearer My API Key"
CALL_LIMIT_S = 10
RUNNING_LIMIT_S = 10

with open(os.environ["PAIR_READY_FILE"], encoding="utf-8") as file:
    GRPC_URL, ADMIN_URL, REST_URL = json.load(file)["urls"]


def unique_name(prefix):
    return f"{prefix}-{secrets.token_hex(4)}"


def nanoseconds(timestamp):
    return timestamp.seconds * 10**9 + timestamp.nanos


def details_of(error):
    """google.rpc.Status and {short type name: message} out of grpc-status-details-bin."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    details = {}
    for packed in status.details:
        name = packed.TypeName().removeprefix("google.rpc.")
        details[name] = getattr(error_details_pb2, name)()
        assert packed.Unpack(details[name])
    return status, details


def rest(method, path, body=None):
    """An authorized request to the mock behind the gateway: (status, bytes)."""
    headers = {"authorization": AUTHORIZATION, "content-type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(REST_URL + path, data, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=CALL_LIMIT_S) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


class _Authorized:
    """A stub whose methods send the token and have a deadline unless told otherwise."""

    def __init__(self, stub):
        self._stub = stub

    def __getattr__(self, name):
        method = getattr(self._stub, name)

        def call(request, metadata=(("authorization", AUTHORIZATION),), timeout=CALL_LIMIT_S):
            return method(request, metadata=metadata, timeout=timeout)

        return call


class PairTest(unittest.TestCase):
    """One channel per class; every test makes what it needs and removes it."""

    @classmethod
    def setUpClass(cls):
        cls.channel = grpc.insecure_channel(
            GRPC_URL.removeprefix("grpc://"), options=(("grpc.enable_http_proxy", 0),)
        )
        cls.addClassCleanup(cls.channel.close)
        cls.use(cls.channel)

    @classmethod
    def use(cls, channel):
        cls.instances = _Authorized(instance_service_pb2_grpc.InstanceServiceStub(channel))
        cls.snapshots = _Authorized(snapshot_service_pb2_grpc.SnapshotServiceStub(channel))

    def boot(self, name):
        """A new instance, deleted when the test ends."""
        instance = self.instances.CreateInstance(
            instance_service_pb2.CreateInstanceRequest(
                name=name,
                image="docker.io/library/nginx:alpine",
                hypervisor=common_pb2.HYPERVISOR_CLOUD_HYPERVISOR,
            )
        )
        self.addCleanup(self.delete_if_there, self.delete_instance, instance.id)
        return instance

    def running_instance(self, name=None):
        return self.wait_until_running(self.boot(name or unique_name("vm")).id)

    def wait_until_running(self, instance_id):
        limit = time.monotonic() + RUNNING_LIMIT_S
        while True:
            instance = self.get_instance(instance_id)
            if instance.state == instance_pb2.INSTANCE_STATE_RUNNING:
                return instance
            state = instance_pb2.InstanceState.Name(instance.state)
            self.assertLess(time.monotonic(), limit, f"{instance_id} is still {state}")
            time.sleep(0.02)

    def snapshot_of(self, instance_id, kind=snapshot_pb2.SNAPSHOT_KIND_STANDBY, **fields):
        """A snapshot, deleted when the test ends."""
        request = snapshot_service_pb2.CreateSnapshotRequest(
            instance_id=instance_id, kind=kind, **fields
        )
        snapshot = self.snapshots.CreateSnapshot(request)
        self.addCleanup(self.delete_if_there, self.delete_snapshot, snapshot.id)
        return snapshot

    def get_instance(self, instance_id, **options):
        request = instance_service_pb2.GetInstanceRequest(instance_id=instance_id)
        return self.instances.GetInstance(request, **options)

    def delete_instance(self, instance_id):
        request = instance_service_pb2.DeleteInstanceRequest(instance_id=instance_id)
        return self.instances.DeleteInstance(request)

    def get_snapshot(self, snapshot_id):
        request = snapshot_service_pb2.GetSnapshotRequest(snapshot_id=snapshot_id)
        return self.snapshots.GetSnapshot(request)

    def delete_snapshot(self, snapshot_id):
        request = snapshot_service_pb2.DeleteSnapshotRequest(snapshot_id=snapshot_id)
        return self.snapshots.DeleteSnapshot(request)

    def list_snapshots(self, **filters):
        request = snapshot_service_pb2.ListSnapshotsRequest(**filters)
        return list(self.snapshots.ListSnapshots(request).snapshots)

    def listed_ids(self, **filters):
        return [snapshot.id for snapshot in self.list_snapshots(**filters)]

    def delete_if_there(self, delete, resource_id):
        try:
            delete(resource_id)
        except grpc.RpcError as error:
            if error.code() != grpc.StatusCode.NOT_FOUND:
                raise

    def assert_fails(self, code, call, *args, **kwargs):
        """The error of a call that must fail with `code`."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(*args, **kwargs)
        self.assertEqual(caught.exception.code(), code, caught.exception.details())
        return caught.exception
