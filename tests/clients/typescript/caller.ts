// The generated stubs as a caller of ../walk/walk.py.
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { type DescMethod, type DescService, fromJson, type JsonValue, type Message, toJson } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';

const CALL_LIMIT_MS = 10_000;
const STUBS = new URL('./gen/hypeman/v1/', import.meta.url);

type Method = { descriptor: DescMethod; call: (message: Message, options: object) => unknown };

// All methods of all generated services, by "package.Service/Method".
async function methodsAt(baseUrl: string): Promise<Map<string, Method>> {
  const transport = createGrpcTransport({ baseUrl });
  const methods = new Map<string, Method>();
  for (const file of readdirSync(STUBS).filter((name) => name.endsWith('.js'))) {
    const exported: object[] = Object.values(await import(new URL(file, STUBS).href));
    for (const service of exported.filter((one): one is DescService => 'kind' in one && one.kind === 'service')) {
      const client = createClient(service, transport) as Record<string, Method['call']>;
      for (const descriptor of service.methods) {
        methods.set(`${service.typeName}/${descriptor.name}`, { descriptor, call: client[descriptor.localName] });
      }
    }
  }
  return methods;
}

async function answersOf({ descriptor, call }: Method, request: JsonValue): Promise<JsonValue[]> {
  const options = { headers: { authorization: 'Bearer My API Key' }, timeoutMs: CALL_LIMIT_MS };
  const got = call(fromJson(descriptor.input, request), options);
  const answers: Message[] = [];
  if (descriptor.methodKind === 'server_streaming') {
    for await (const answer of got as AsyncIterable<Message>) answers.push(answer);
  } else {
    answers.push(await (got as Promise<Message>));
  }
  return answers.map((answer) => toJson(descriptor.output, answer, { useProtoFieldName: true }));
}

// "AlreadyExists" -> "ALREADY_EXISTS"
function codeName(code: Code): string {
  return Code[code].replace(/(?<=.)[A-Z]/g, '_$&').toUpperCase();
}

const { urls } = JSON.parse(readFileSync(process.env.PAIR_READY_FILE!, 'utf8'));
const methods = await methodsAt(urls[0].replace('grpc:', 'http:'));
console.log(JSON.stringify({ methods: [...methods.keys()] }));
for await (const line of createInterface({ input: process.stdin })) {
  const { rpc, request } = JSON.parse(line);
  const reply = await answersOf(methods.get(rpc)!, request).then(
    (answers) => ({ code: 'OK', answers }),
    (reason) => {
      const error = ConnectError.from(reason);
      return { code: codeName(error.code), message: error.rawMessage };
    },
  );
  console.log(JSON.stringify(reply));
}
