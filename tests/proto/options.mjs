// Walks the descriptor set: what the gateway reads from options must be complete and consistent.
// Run by tests/proto/check beside the generated code, with the descriptor set as argument.
import { createFileRegistry, fromBinary, getOption, hasOption } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { readFileSync } from "node:fs";
import { http } from "./js/google/api/annotations_pb.js";
import {
  DurationForm, duration_form, error_rules, json_value,
} from "./js/hypeman/gateway/v1/transcoding_pb.js";

const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync(process.argv[2])));
const api = [...registry].filter((type) => type.file?.proto.package === "hypeman.v1");
const problems = [];
const check = (ok, where, what) => ok || problems.push(`${where}: ${what}`);

for (const type of api.filter((type) => type.kind === "enum")) {
  const spellings = type.values.map((value) => getOption(value, json_value));
  check(type.values[0].number === 0 && spellings[0] === "", type.typeName,
    "the zero value means absent and has no spelling");
  for (const value of type.values.slice(1))
    check(getOption(value, json_value) !== "", type.typeName, `${value.name} has no json_value`);
  check(new Set(spellings).size === spellings.length, type.typeName, "a spelling is there twice");
}

const DURATION = "google.protobuf.Duration";
for (const type of api.filter((type) => type.kind === "message"))
  for (const field of type.fields)
    check(!(field.message?.typeName === DURATION)
      || getOption(field, duration_form) === DurationForm.GO, type.typeName,
      `${field.name}: the API writes every duration in Go form`);

const bindings = new Map();
for (const service of api.filter((type) => type.kind === "service"))
  for (const method of service.methods) {
    const where = `${service.typeName}.${method.name}`;
    check(hasOption(method, http), where, "no google.api.http rule");
    const rule = getOption(method, http);
    const verb = rule.pattern.case;
    const path = rule.pattern.value ?? "";
    const field = (message, name) => message.fields.find((f) => f.name === name);

    const shape = `${verb} ${path.replace(/\{[^}]*\}/g, "*")}`;
    check(!bindings.has(shape), where, `${shape} is ${bindings.get(shape)} already`);
    bindings.set(shape, where);

    const inPath = [...path.matchAll(/\{([^}]*)\}/g)].map((match) => match[1]);
    for (const name of inPath)
      check(field(method.input, name)?.fieldKind === "scalar", where, `no text field ${name}`);
    check(rule.body === "" || rule.body === "*" || field(method.input, rule.body), where,
      `no field ${rule.body} for the body`);
    check(rule.responseBody === "" || field(method.output, rule.responseBody), where,
      `no field ${rule.responseBody} for the answer`);
    if (rule.body === "")
      for (const other of method.input.fields.filter((f) => !inPath.includes(f.name)))
        check(["scalar", "enum", "map"].includes(other.fieldKind)
          || other.message?.typeName === DURATION, where,
          `${other.name} cannot be written in a query`);

    const rules = getOption(method, error_rules);
    const keys = rules.map((row) => `${row.httpStatus} ${row.reason} ${row.messagePrefix}`);
    check(rules.every((row) => row.reason !== "" && row.code !== 0), where,
      "an error rule lacks its reason or its code");
    check(new Set(keys).size === keys.length, where, "an error rule is there twice");
    check(!inPath.includes("instance_id") || rules.some((row) => row.reason === "ambiguous"),
      where, "an instance_id can be ambiguous");
  }

for (const problem of problems)
  console.error(problem);
console.log(`  ${bindings.size} methods, ${api.length} types, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
