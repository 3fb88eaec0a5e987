// Compiles with the compilers installed beside it; nothing is downloaded.
//   node compile.mjs SOURCES MODULES OUT
// SOURCES holds our own contracts, MODULES the installed packages; OUT gets one file per contract.
import fs from "fs";
import path from "path";
import { createRequire } from "module";

const [sources, modules, out] = process.argv.slice(2);
const require = createRequire(path.join(modules, "_"));

const read = (name) => {
  for (const root of [sources, modules]) {
    const file = path.join(root, name);
    if (fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
  }
  return { error: `no file ${name}` };
};

const compile = (compiler, names, settings) => {
  const input = {
    language: "Solidity",
    sources: Object.fromEntries(names.map((name) => [name, { content: read(name).contents }])),
    settings: {
      ...settings,
      outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } },
    },
  };
  const answer = JSON.parse(require(compiler).compile(JSON.stringify(input), { import: read }));
  const wrong = (answer.errors ?? []).filter((error) => error.severity === "error");
  if (wrong.length > 0) throw new Error(wrong.map((error) => error.formattedMessage).join("\n"));
  for (const name of names)
    for (const [contract, { abi, evm }] of Object.entries(answer.contracts[name]))
      fs.writeFileSync(
        path.join(out, `${contract}.json`),
        JSON.stringify({ abi, bytecode: evm.bytecode.object }),
      );
};

fs.mkdirSync(out, { recursive: true });
const own = fs.readdirSync(sources).filter((name) => name.endsWith(".sol")).sort();
compile("solc-0.8.28", own, { optimizer: { enabled: true, runs: 200 }, evmVersion: "cancun" });
const morpho = ["Morpho", "mocks/IrmMock", "mocks/OracleMock"];
compile("solc-0.8.19", morpho.map((name) => `@morpho-org/morpho-blue/src/${name}.sol`), {
  optimizer: { enabled: true, runs: 999999 },
  evmVersion: "paris",
});
const chainlink = ["EACAggregatorProxy", "tests/MockV3Aggregator"];
compile("solc-0.6.6", chainlink.map((name) => `@chainlink/contracts/src/v0.6/${name}.sol`), {
  optimizer: { enabled: true, runs: 200 },
});
