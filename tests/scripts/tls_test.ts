import { assert, assertEquals, assertMatch } from "@std/assert";
import { CertificateFiles, certificates } from "../certificates.ts";
import { Program, runHere, script, serve, serveHere } from "../programs.ts";
import { ScratchFolder } from "../scratch.ts";
import { test } from "../testing.ts";

const CLIENTS: [server: string, client: string, args: string[], RegExp][] = [
  ["tcp_server", "tcp_client", ["one", "two"], /^ONE TWO\n$/],
  ["hello_server", "hello_client", [], /^hello\n$/],
  ["time_server", "time_client", [], /clock offset/],
];
for (const [serverName, clientName, args, expected] of CLIENTS) {
  test(`${clientName} and ${serverName} speak TLS`, async () => {
    using files = await CertificateFiles.make();
    await using server = await serveHere(serverName, ...files.server());
    const { code, stdout, stderr } = await runHere(
      clientName,
      server.address,
      ...files.client(),
      ...args,
    );
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, expected);
    assertMatch(server.stdout.text, /^listening tls /);
  });
}

test("measure_client labels a result as over TLS, and gives the handshake apart", async () => {
  using files = await CertificateFiles.make();
  await using server = await serveHere("measure_server", ...files.server());
  const cases = [["rtt", 1], ["tput", 1], ["connect", 3]] as const;
  for (const [mode, handshakes] of cases) {
    const args = [mode, server.address, ...files.client(), "--count", "3"];
    const { code, stdout, stderr } = await runHere(
      "measure_client",
      ...args,
      "--json",
    );
    assertEquals(code, 0, stderr);
    const result = JSON.parse(stdout);
    assertEquals(result.tls.handshake_us.count, handshakes);
    assertEquals(result.options.used.tls, true);
    assertEquals(result.probes.received, 3);
    const text = await runHere("measure_client", ...args);
    assertMatch(text.stdout, /TLS/);
    assertMatch(text.stdout, /TLS\s+handshake/);
  }
  const args = ["sweep", server.address, ...files.client(), "-n", "2"];
  const few = ["--sizes", "1", "--delays", "0"];
  assertEquals((await runHere("measure_client", ...args, ...few)).code, 0);
});

test("throughput_client and throughput_server speak TLS, several streams each way", async () => {
  using files = await CertificateFiles.make();
  await using server = await serveHere("throughput_server", ...files.server());
  for (const direction of [[], ["--reverse"], ["--bidir"]]) {
    const { code, stdout, stderr } = await runHere(
      "throughput_client",
      server.address,
      ...files.client(),
      ...direction,
      ...["--parallel", "2", "--bytes", "1M", "--json"],
    );
    assertEquals(code, 0, stderr);
    assertEquals(JSON.parse(stdout).options.used.tls, true);
  }
  const udp = [server.address, ...files.client(), "--udp"];
  const { code, stderr } = await runHere("throughput_client", ...udp);
  assertEquals(code, 2);
  assertMatch(stderr, /--tls encrypts no datagrams/);
});

test("peers with certificates speak TLS, and none without takes part", async () => {
  using files = await CertificateFiles.make();
  const tls = [...files.server(), "--tls-ca", files.cert("authority")];
  const peer = (...args: string[]) =>
    serve(script("peer", ["--port", "0", "--json", "--name", ...args], [
      "--allow-net=127.0.0.1",
      "--allow-read",
    ]));
  await using ada = await peer("ada", ...tls);
  const to = ["--connect", ada.address];
  await using bob = await peer("bob", ...to, ...tls);
  await bob.heard(/"joined".*ada/);
  await ada.heard(/"joined".*bob/);
  await using eve = await peer("eve", ...to);
  await eve.heard(/"event":"error".*speaks TLS/);
  assert(!ada.stdout.text.includes(`"eve"`));
});

test("monitor serves HTTPS, and reads its certificate again on SIGHUP", async () => {
  using files = await CertificateFiles.make();
  const pair = await certificates();
  const data = ["--data", `${files.folder.path}/data`, "--port", "0"];
  await using monitor = new Program(
    script("monitor", ["127.0.0.1", ...data, ...files.server()], [
      ...["--unstable-net", "--unstable-raw-imports"],
      ...["--allow-net=127.0.0.1", "--allow-read", "--allow-write"],
    ]),
  );
  const [, url = ""] = await monitor.heard(/^listening (https:\S+)$/m);
  const ask = async (authority: "authority" | "stranger") => {
    using client = Deno.createHttpClient({ caCerts: [pair[authority].cert] });
    const response = await fetch(`${url}/api/targets`, { client });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await ask("authority"), 200);
  files.folder.file("good.pem", pair.strange.cert);
  files.folder.file("good-key.pem", pair.strange.key);
  monitor.signal("SIGHUP");
  await monitor.heard(/read the certificate again/, "stderr");
  // The old server takes a moment to leave the port.
  while (await ask("stranger").catch(() => 0) !== 200);
  assertEquals((await monitor.stop()).code, 0);
});

test("A client says what to do about TLS, and that works", async () => {
  using files = await CertificateFiles.make();
  await using plain = await serveHere("tcp_server");
  await using good = await serveHere("tcp_server", ...files.server());
  const withCert = (kind: Parameters<CertificateFiles["server"]>[0]) =>
    serveHere("tcp_server", ...files.server(kind));
  await using expired = await withCert("expired");
  await using early = await withCert("early");
  await using other = await withCert("other");
  await using own = await withCert("authority");
  const cases: [{ address: string }, string[], RegExp][] = [
    [
      plain,
      files.client(),
      /not speak TLS, leave --tls out|not speak TLS; leave --tls out/,
    ],
    [good, [], /the server speaks TLS; add --tls/],
    [good, ["--tls"], /not signed by .*--tls-ca/],
    [good, files.client("stranger"), /not signed by .*--tls-ca/],
    [good, ["--tls-ca", "x"], /--tls-ca needs --tls/],
    [expired, files.client(), /expired/],
    [early, files.client(), /not valid yet/],
    [other, files.client(), /use --tls-name other\.example$/m],
    [own, files.client(), /signs itself/],
  ];
  for (const [{ address }, options, sentence] of cases) {
    const { code, stderr } = await runHere(
      "tcp_client",
      address,
      ...options,
      "hi",
    );
    assert(code !== 0);
    assertMatch(stderr, sentence);
    assertEquals(stderr.trim().split("\n").length, 1);
  }
  const named = [...files.client(), "--tls-name", "other.example", "hi"];
  const { stdout } = await runHere("tcp_client", other.address, ...named);
  assertEquals(stdout, "HI\n");
});

test("A server says what is wrong with the files of TLS", async () => {
  using files = await CertificateFiles.make();
  const cert = files.cert("good");
  const cases: [string[], RegExp][] = [
    [["--tls-cert", cert], /--tls-cert and --tls-key go together/],
    [["--tls-client-ca", cert], /--tls-client-ca needs --tls-cert/],
    [["--tls-cert", cert, "--tls-key", "nowhere"], /there is no such path/],
    [
      ["--tls-cert", cert, "--tls-key", files.key("other")],
      /the key is that of another certificate/,
    ],
    [
      ["--tls-cert", files.key("good"), "--tls-key", cert],
      /has no line "-----BEGIN CERTIFICATE-----"; give --tls-cert a file/,
    ],
    [["--unix", "nowhere", ...files.server()], /--tls-cert is for TCP/],
  ];
  for (const [args, sentence] of cases) {
    const { code, stderr } = await runHere("tcp_server", ...args);
    assert(code !== 0);
    assertMatch(stderr, sentence);
  }
});

test("A server reads its certificate again on SIGHUP, and keeps it if the new one is bad", async () => {
  using files = await CertificateFiles.make();
  const pair = await certificates();
  const args = ["--port", "0", ...files.server()];
  await using server = await serve(
    script("hello_server", args, ["--allow-net=127.0.0.1", "--allow-read"]),
  );
  const ask = (authority: "authority" | "stranger") =>
    runHere("hello_client", server.address, ...files.client(authority));
  assertEquals((await ask("authority")).stdout, "hello\n");
  files.folder.file("good.pem", "rubbish");
  server.signal("SIGHUP");
  await server.heard(/the old certificate stays/, "stderr");
  assertEquals((await ask("authority")).stdout, "hello\n");
  files.folder.file("good.pem", pair.strange.cert);
  files.folder.file("good-key.pem", pair.strange.key);
  server.signal("SIGHUP");
  await server.heard(/read the certificate again/, "stderr");
  assertEquals((await ask("stranger")).stdout, "hello\n");
  assertEquals((await server.stop()).code, 0);
});

test("A server refuses a client that shows no certificate, and says so", async () => {
  using files = await CertificateFiles.make();
  await using server = await serveHere(
    "tcp_server",
    ...files.server(),
    "--tls-client-ca",
    files.cert("authority"),
  );
  const args = [server.address, ...files.client(), "hi"];
  const { code, stderr } = await runHere("tcp_client", ...args);
  assertEquals(code, 1);
  assertMatch(
    stderr,
    /ended the TLS handshake; .* perhaps it wants a certificate/,
  );
});

/** Runs make-cert in a folder. */
async function make(folder: string, ...args: string[]) {
  return await runHere("make_cert", ...args, "--folder", folder);
}

test("make_cert writes an authority and what it signs, and overwrites nothing", async () => {
  using scratch = new ScratchFolder();
  const folder = `${scratch.path}/certs`;
  const first = await make(folder);
  assertEquals(first.code, 0);
  assertEquals(first.stdout.split("\n").length, 3);
  for (const name of ["authority-key.pem", "server-key.pem"]) {
    assertEquals((await Deno.stat(`${folder}/${name}`)).mode! & 0o777, 0o600);
  }
  const authority = await Deno.readTextFile(`${folder}/authority.pem`);
  const again = await make(folder);
  assertEquals(again.code, 1);
  assertMatch(again.stderr, /server\.pem: it exists; remove it, or .* --as/);
  const more = await make(folder, "lab.example", "192.0.2.1", "--as", "lab");
  assertEquals(more.code, 0, more.stderr);
  assertEquals((await make(folder, "ada", "--client")).code, 0);
  assertEquals(await Deno.readTextFile(`${folder}/authority.pem`), authority);
  await Deno.remove(`${folder}/authority-key.pem`);
  const broken = await make(folder, "--as", "third");
  assertMatch(broken.stderr, /authority-key\.pem is missing; restore it/);
  // The commands that it printed work.
  await using server = await serveHere(
    "tcp_server",
    ...["--tls-cert", `${folder}/server.pem`],
    ...["--tls-key", `${folder}/server-key.pem`],
  );
  const trust = ["--tls", "--tls-ca", `${folder}/authority.pem`];
  const { stdout } = await runHere(
    "tcp_client",
    server.address,
    ...trust,
    "hello",
  );
  assertEquals(stdout, "HELLO\n");
});

test("make_cert rejects what is no name", async () => {
  using scratch = new ScratchFolder();
  for (const args of [["a b"], ["--client"], ["x", "--as", "authority"]]) {
    const { code } = await make(`${scratch.path}/none`, ...args);
    assertEquals(code, 2);
  }
});
