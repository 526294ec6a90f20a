"""Snapshots from making to deleting."""

import time

import grpc
from client import PairTest, nanoseconds, unique_name
from google.protobuf import empty_pb2
from hypeman.v1 import common_pb2, instance_pb2, snapshot_pb2

STANDBY = snapshot_pb2.SNAPSHOT_KIND_STANDBY
STOPPED = snapshot_pb2.SNAPSHOT_KIND_STOPPED


class Snapshots(PairTest):
    def test_a_new_instance_boots_until_it_is_running(self):
        name = unique_name("boots")
        created = self.boot(name)
        self.assertRegex(created.id, r"^[a-z][0-9a-z]{23}\Z")
        self.assertEqual(created.name, name)
        self.assertEqual(created.image, "docker.io/library/nginx:alpine")
        self.assertEqual(created.hypervisor, common_pb2.HYPERVISOR_CLOUD_HYPERVISOR)
        self.assertEqual(created.state, instance_pb2.INSTANCE_STATE_INITIALIZING)
        self.assertEqual(self.wait_until_running(created.id).id, created.id)

    def test_a_snapshot_answers_with_every_field_it_is_documented_to_have(self):
        instance = self.running_instance("nginx1")
        before = time.time_ns()
        snapshot = self.snapshot_of(
            instance.id, name="baseline-standby", tags={"team": "backend", "env": "staging"}
        )
        after = time.time_ns()

        self.assertEqual(
            {field.name for field, _ in snapshot.ListFields()},
            {
                "id",
                "name",
                "kind",
                "tags",
                "source_instance_id",
                "source_instance_name",
                "source_hypervisor",
                "created_at",
                "size_bytes",
                "compression_state",
            },
        )
        self.assertRegex(snapshot.id, r"^[a-z][0-9a-z]{23}\Z")
        self.assertEqual(snapshot.name, "baseline-standby")
        self.assertEqual(snapshot.kind, STANDBY)
        self.assertEqual(dict(snapshot.tags), {"team": "backend", "env": "staging"})
        self.assertEqual(snapshot.source_instance_id, instance.id)
        self.assertEqual(snapshot.source_instance_name, "nginx1")
        self.assertEqual(snapshot.source_hypervisor, common_pb2.HYPERVISOR_CLOUD_HYPERVISOR)
        self.assertEqual(
            snapshot.compression_state, snapshot_pb2.SNAPSHOT_COMPRESSION_STATE_NONE
        )
        # The server may count in milliseconds.
        self.assertLessEqual(before - 10**6, nanoseconds(snapshot.created_at))
        self.assertLessEqual(nanoseconds(snapshot.created_at), after)
        # More than the overlay of 10 GiB (SNAP-C-041), so more than 32 bits hold.
        self.assertGreater(snapshot.size_bytes, 10 << 30)

        self.assertEqual(self.get_snapshot(snapshot.id), snapshot)

    def test_an_instance_can_be_named_by_its_name(self):
        instance = self.running_instance()
        self.assertEqual(self.snapshot_of(instance.name).source_instance_id, instance.id)

    def test_snapshots_without_a_name_have_none_and_there_may_be_many(self):
        instance = self.running_instance()
        first, second = self.snapshot_of(instance.id), self.snapshot_of(instance.id)
        self.assertNotEqual(first.id, second.id)
        self.assertFalse(first.HasField("name"))
        self.assertFalse(self.get_snapshot(second.id).HasField("name"))

    def test_two_instances_may_each_have_a_snapshot_of_one_name(self):
        name = unique_name("shared")
        made = [self.snapshot_of(self.running_instance().id, name=name).id for _ in range(2)]
        self.assertEqual(self.listed_ids(name=name), sorted(made))

    def test_a_list_is_filtered_by_source_kind_name_and_tags(self):
        team, name = unique_name("team"), unique_name("named")
        source = self.running_instance().id
        staging = self.snapshot_of(source, name=name, tags={"team": team, "env": "staging"})
        production = self.snapshot_of(source, tags={"team": team, "env": "production"})
        untagged = self.snapshot_of(source)
        both = sorted([staging.id, production.id])
        everything = sorted([staging.id, production.id, untagged.id])
        cases = [
            ({"source_instance_id": source}, everything),
            ({"source_instance_id": "a" * 24}, []),
            ({"source_instance_id": source, "kind": STANDBY}, everything),
            ({"source_instance_id": source, "kind": STOPPED}, []),
            ({"name": name}, [staging.id]),
            ({"name": unique_name("other")}, []),
            ({"name": "ABC"}, []),
            ({"tags": {"team": team}}, both),
            ({"tags": {"team": team, "env": "staging"}}, [staging.id]),
            ({"tags": {"team": team, "env": "Staging"}}, []),
            ({"tags": {"team": team, "absent": "staging"}}, []),
            (
                {
                    "source_instance_id": source,
                    "kind": STANDBY,
                    "name": name,
                    "tags": {"team": team},
                },
                [staging.id],
            ),
        ]
        for filters, expected in cases:
            with self.subTest(filters):
                self.assertEqual(self.listed_ids(**filters), expected)

        self.assertIn(staging, self.list_snapshots())

    def test_an_empty_tag_is_not_an_absent_tag(self):
        source = self.running_instance().id
        empty = self.snapshot_of(source, tags={"note": ""})
        none = self.snapshot_of(source, tags={})
        self.assertEqual(dict(empty.tags), {"note": ""})
        self.assertEqual(dict(none.tags), {})

        self.assertEqual(self.listed_ids(source_instance_id=source, tags={"note": ""}), [empty.id])
        self.assertEqual(
            self.listed_ids(source_instance_id=source, tags={}), sorted([empty.id, none.id])
        )

    def test_tags_travel_unchanged_whatever_characters_they_have(self):
        source = self.running_instance().id
        tags = {"a.b/c:d=e+f@g-h i": "A_Z .:/=+@-", "7": "5"}
        snapshot = self.snapshot_of(source, tags=tags)
        self.assertEqual(dict(snapshot.tags), tags)
        self.assertEqual(self.listed_ids(source_instance_id=source, tags=tags), [snapshot.id])

    def test_a_deleted_snapshot_is_gone(self):
        source = self.running_instance().id
        snapshot = self.snapshot_of(source)
        self.assertEqual(self.delete_snapshot(snapshot.id), empty_pb2.Empty())
        self.assert_fails(grpc.StatusCode.NOT_FOUND, self.get_snapshot, snapshot.id)
        self.assertEqual(self.listed_ids(source_instance_id=source), [])

    def test_a_snapshot_outlives_its_instance(self):
        instance = self.running_instance()
        snapshot = self.snapshot_of(instance.id, name="survivor")
        self.assertEqual(self.delete_instance(instance.id), empty_pb2.Empty())
        self.assert_fails(grpc.StatusCode.NOT_FOUND, self.get_instance, instance.id)
        self.assertEqual(self.get_snapshot(snapshot.id), snapshot)
