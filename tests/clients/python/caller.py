"""The generated stubs as a caller of ../walk/walk.py."""

import importlib
import json
import pkgutil
import sys

import grpc
import hypeman.v1
from client import AUTHORIZATION, CALL_LIMIT_S, GRPC_URL
from google.protobuf import json_format, message_factory


def methods(channel):
    """{"package.Service/Method": (descriptor, method of the stub)} of all generated code."""
    found = {}
    for module in pkgutil.iter_modules(hypeman.v1.__path__, "hypeman.v1."):
        if module.name.endswith("_pb2"):
            file = importlib.import_module(module.name).DESCRIPTOR
            stubs = importlib.import_module(f"{module.name}_grpc")
            for service in file.services_by_name.values():
                stub = getattr(stubs, f"{service.name}Stub")(channel)
                for method in service.methods:
                    name = f"{service.full_name}/{method.name}"
                    found[name] = (method, getattr(stub, method.name))
    return found


def reply(method, call, request):
    message = json_format.ParseDict(request, message_factory.GetMessageClass(method.input_type)())
    try:
        got = call(message, metadata=(("authorization", AUTHORIZATION),), timeout=CALL_LIMIT_S)
        answers = list(got) if method.server_streaming else [got]
    except grpc.RpcError as error:
        return {"code": error.code().name, "message": error.details()}
    return {
        "code": "OK",
        "answers": [
            json_format.MessageToDict(answer, preserving_proto_field_name=True)
            for answer in answers
        ],
    }


def main():
    options = (("grpc.enable_http_proxy", 0),)
    with grpc.insecure_channel(GRPC_URL.removeprefix("grpc://"), options=options) as channel:
        known = methods(channel)
        print(json.dumps({"methods": list(known)}), flush=True)
        for line in sys.stdin:
            call = json.loads(line)
            print(json.dumps(reply(*known[call["rpc"]], call["request"])), flush=True)


main()
