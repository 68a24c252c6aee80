"""One gRPC call by Python's grpcio: grpc_call.py TARGET METHOD CERTIFICATE. Cleartext when CERTIFICATE is empty.

Prints what the client was told, as JSON: its code, the details, the metadata at the end, and the reply as text.
"""

import json
import sys

import grpc


def channel(target, certificate):
    # A proxy of the environment must not come between.
    options = [("grpc.enable_http_proxy", 0), ("grpc.enable_retries", 0)]
    if not certificate:
        return grpc.insecure_channel(target, options)
    with open(certificate, "rb") as file:
        trusted = grpc.ssl_channel_credentials(file.read())
    return grpc.secure_channel(target, trusted, options)


def main():
    target, method, certificate = sys.argv[1:4]
    with channel(target, certificate) as opened:
        call = opened.unary_unary(method)
        try:
            reply, told = call.with_call(b"ping", timeout=10)
        except grpc.RpcError as error:
            reply, told = b"", error
        print(json.dumps({
            "code": told.code().value[0],
            "details": told.details(),
            "trailing": [[key, value] for key, value in told.trailing_metadata() or ()],
            "reply": reply.decode(),
        }))


main()
