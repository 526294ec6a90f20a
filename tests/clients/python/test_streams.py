"""A log as a stream: read to its end, followed, left."""

import grpc
from client import PairTest, rest, unique_name
from hypeman.v1 import instance_service_pb2


class Streams(PairTest):
    def log_of(self, instance_id, **how):
        request = instance_service_pb2.StreamLogsRequest(instance_id=instance_id, **how)
        return self.instances.StreamLogs(request)

    def until(self, call, words):
        """The lines up to and with the one that has these words."""
        lines = []
        for message in call:
            lines.append(message.line)
            if words in message.line:
                return lines
        self.fail(f"the log ends without {words!r}: {lines}")

    def restart(self, instance_id):
        for action, body in (("stop", None), ("start", {})):
            self.assertEqual(rest("POST", f"/instances/{instance_id}/{action}", body)[0], 200)

    def test_a_log_is_read_to_its_end(self):
        instance = self.running_instance()
        lines = [message.line for message in self.log_of(instance.id)]
        self.assertIn("starting what the image says", lines[-1])

    def test_a_followed_log_goes_on_until_it_is_cancelled(self):
        instance = self.running_instance()
        call = self.log_of(instance.id, follow=True)
        self.until(call, "starting what the image says")
        self.restart(instance.id)
        self.until(call, "HYPEMAN-EXIT code=143")
        self.until(call, "starting what the image says")
        call.cancel()
        self.assertEqual(call.code(), grpc.StatusCode.CANCELLED)

    def test_a_followed_log_ends_at_the_deadline(self):
        instance = self.running_instance()
        request = instance_service_pb2.StreamLogsRequest(instance_id=instance.id, follow=True)
        call = self.instances.StreamLogs(request, timeout=0.5)
        with self.assertRaises(grpc.RpcError) as caught:
            list(call)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_the_log_of_no_instance_is_not_found(self):
        with self.assertRaises(grpc.RpcError) as caught:
            list(self.log_of(unique_name("no-such")))
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)
