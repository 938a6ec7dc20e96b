import { assert, assertEquals, assertRejects } from "@std/assert";
import { serveStreams } from "../../lib/net/serve_streams.ts";
import { StreamConnection } from "../../lib/net/stream_connection.ts";
import { startTls, TlsError, type TlsFault } from "../../lib/net/tls.ts";
import {
  checkIdentity,
  type TlsIdentity,
  TlsIdentityError,
  TlsListener,
  type TlsListenerOptions,
} from "../../lib/net/tls_listener.ts";
import { type CertificateKind, certificates } from "../certificates.ts";
import { bytes, readToEnd, text } from "../fixtures.ts";
import { test } from "../testing.ts";

/** A server that echoes what comes. */
class EchoServer implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly port: number;
  readonly listener: TlsListener;
  #stop = new AbortController();
  #served: Promise<void>;
  constructor(identity: TlsIdentity, options: TlsListenerOptions = {}) {
    const plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = plain.addr.port;
    const log = (line: string) => void this.lines.push(line);
    this.listener = new TlsListener(plain, identity, { log, ...options });
    this.#served = serveStreams(this.listener, async (connection) => {
      for (;;) {
        const part = await connection.readSome();
        if (part === null) return;
        await connection.writeAll(part);
      }
    }, { signal: this.#stop.signal, log });
  }

  connect(): Promise<Deno.TcpConn> {
    return Deno.connect({ hostname: "127.0.0.1", port: this.port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#served;
  }
}

const never = new AbortController().signal;

async function secured(
  conn: Deno.TcpConn,
  { trusts = "authority" as CertificateKind, hostname = "127.0.0.1" } = {},
): Promise<Deno.TlsConn> {
  const caCerts = [(await certificates())[trusts].cert];
  const trust = { caCerts, hostname };
  const start = (conn: Deno.TcpConn) => Deno.startTls(conn, trust);
  return (await startTls(conn, trust, never, start)).conn;
}

async function served(kind: CertificateKind): Promise<EchoServer> {
  return new EchoServer((await certificates())[kind]);
}

/** Sends a message and gets it back. */
async function echo(conn: Deno.Conn, message: Uint8Array): Promise<void> {
  using connection = new StreamConnection(conn, {
    messageBytes: 2 * message.length + 1,
  });
  const sent = connection.writeAll(message);
  const reply = await connection.readExactly(message.length);
  await sent;
  assertEquals(reply && reply.length, message.length);
  await connection.closeWrite();
  assertEquals(await connection.readSome(), null);
}

test("TlsListener encrypts, whole messages of any length, both ways at once", async () => {
  await using server = await served("good");
  for (const length of [1, 100, 16_384, 32_768, 1_000_000]) {
    const conn = await secured(await server.connect());
    await echo(conn, new Uint8Array(length).fill(65));
  }
  assertEquals(server.lines, []);
});

test("TlsListener ends TLS before it ends a connection", async () => {
  const { good } = await certificates();
  using plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listener = new TlsListener(plain, good);
  const accepted = listener.accept();
  using client = await secured(
    await Deno.connect({ hostname: "127.0.0.1", port: plain.addr.port }),
  );
  const conn = await accepted;
  await conn.write(bytes("bye"));
  conn.close();
  assertEquals(text(await readToEnd(client)), "bye");
});

test("TlsListener.close() of a connection ends a read that waits", async () => {
  const { good } = await certificates();
  using plain = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const listener = new TlsListener(plain, good);
  const accepted = listener.accept();
  using client = await secured(
    await Deno.connect({ hostname: "127.0.0.1", port: plain.addr.port }),
  );
  const conn = await accepted;
  await conn.write(bytes("."));
  const read = assertRejects(
    () => conn.read(new Uint8Array(1)),
    Deno.errors.Interrupted,
  );
  conn.close();
  await read;
  await assertRejects(
    () => conn.read(new Uint8Array(1)),
    Deno.errors.BadResource,
  );
  assertEquals(text(await readToEnd(client)), ".");
});

const FAULTS: [CertificateKind, TlsFault, names: string[]][] = [
  ["expired", "expired", []],
  ["early", "early", []],
  ["other", "names", ["other.example"]],
  ["address", "names", []],
  ["strange", "issuer", []],
  ["twin", "issuer", []],
  ["authority", "authority", []],
];
for (const [kind, fault, names] of FAULTS) {
  test(`startTls() rejects a server's certificate: ${kind}`, async () => {
    await using server = await served(kind);
    const conn = await server.connect();
    const error = await assertRejects(() => secured(conn), TlsError);
    assertEquals(error.fault, fault);
    assertEquals(error.names, names);
    assertEquals(error.asked, "127.0.0.1");
  });
}

test("startTls() takes another name than that of the target", async () => {
  await using server = await served("other");
  const conn = await server.connect();
  await echo(await secured(conn, { hostname: "other.example" }), bytes("x"));
});

test("startTls() tells a server without TLS, and one that closes", async () => {
  const cases = [["\n404 ERROR: no\n", "plain"], ["", "closed"]] as const;
  for (const [answer, fault] of cases) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const accepted = await listener.accept();
    if (answer !== "") await accepted.write(bytes(answer));
    const failed = assertRejects(() => secured(conn), TlsError);
    const buffer = new Uint8Array(2048);
    await accepted.read(buffer); // without unread bytes, no reset
    await accepted.closeWrite();
    assertEquals((await failed).fault, fault);
    accepted.close();
  }
});

test("startTls() ends at the signal when the server says nothing", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  using _accepted = await listener.accept();
  const { authority } = await certificates();
  const stop = new AbortController();
  const failed = assertRejects(() =>
    startTls(
      conn,
      { caCerts: [authority.cert], hostname: "127.0.0.1" },
      stop.signal,
      (conn, trust) => Deno.startTls(conn, trust),
    )
  );
  stop.abort();
  await failed;
});

test("A client without TLS learns that the server expects it", async () => {
  await using server = await served("good");
  using connection = new StreamConnection(await server.connect());
  await connection.writeAll(bytes("hello\n"));
  const error = await assertRejects(() => connection.readLine(), TlsError);
  assertEquals(error.fault, "encrypted");
  assert(server.lines[0]?.endsWith("no TLS: the client does not speak it"));
});

test("TlsListener closes a connection whose handshake stalls, and serves others", async () => {
  const { good } = await certificates();
  await using server = new EchoServer(good, { handshakeMs: 200 });
  using silent = await server.connect();
  using half = await server.connect();
  await half.write(Uint8Array.of(22, 3, 1, 2, 0, 1)); // of a ClientHello
  for (const conn of [silent, half]) {
    assertEquals((await readToEnd(conn)).length, 7);
  }
  await echo(await secured(await server.connect()), bytes("after"));
  assert(server.lines[0]?.endsWith("no TLS: no handshake in time"));
});

test("TlsListener logs one line for a crowd of clients without TLS", async () => {
  await using server = await served("good");
  for (let client = 0; client < 20; client++) {
    using conn = await server.connect();
    await conn.write(bytes("GET / HTTP/1.0\r\n\r\n"));
    await readToEnd(conn);
  }
  assert(server.lines.length < 10, server.lines.join("\n"));
});

test("A client that leaves before the handshake leaves no line", async () => {
  await using server = await served("good");
  (await server.connect()).close();
  await echo(await secured(await server.connect()), bytes("x"));
  assertEquals(server.lines, []);
});

test("TlsListener.renew() is for new connections; those that are open stay", async () => {
  const { good, strange } = await certificates();
  await using server = new EchoServer(good);
  const before = await secured(await server.connect());
  await before.write(bytes("a"));
  await before.read(new Uint8Array(1));
  server.listener.renew(strange);
  const refused = await server.connect();
  await assertRejects(() => secured(refused), TlsError);
  await echo(before, bytes("still here"));
  await echo(
    await secured(await server.connect(), { trusts: "stranger" }),
    bytes("new"),
  );
});

test("TlsListener asks for a client's certificate, and checks who signed it", async () => {
  const { good, authority, client, strangeClient } = await certificates();
  await using server = new EchoServer({ ...good, clientCa: authority.cert });
  const to = {
    hostname: "127.0.0.1",
    port: server.port,
    caCerts: [authority.cert],
  };
  await echo(await Deno.connectTls({ ...to, ...client }), bytes("ada"));
  for (const pair of [strangeClient, {}]) {
    using conn = await Deno.connectTls({ ...to, ...pair });
    using connection = new StreamConnection(conn);
    await assertRejects(() => connection.readLine());
  }
});

test("checkIdentity() rejects what is no certificate, no key, or of another", async () => {
  const { good, other } = await certificates();
  checkIdentity(good);
  checkIdentity({ ...good, clientCa: good.cert });
  const bad: [keyof TlsIdentity, TlsIdentity][] = [
    ["cert", { ...good, cert: "rubbish" }],
    ["key", { ...good, key: "rubbish" }],
    ["key", { ...good, key: other.key }],
    ["clientCa", { ...good, clientCa: good.key }],
  ];
  for (const [part, identity] of bad) {
    const error = await assertRejects(
      () => Promise.resolve().then(() => checkIdentity(identity)),
      TlsIdentityError,
    );
    assertEquals(error.part, part);
  }
});
