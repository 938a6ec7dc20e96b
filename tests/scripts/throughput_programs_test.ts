import { assert, assertEquals, assertMatch } from "@std/assert";
import { runHere, serveHere } from "../programs.ts";

/** Nothing listens there: what is refused is refused before it connects. */
const NOBODY = "127.0.0.1:1";

Deno.test({
  name: "throughput-client prints each form of a test with throughput-server",
  timeout: 60_000,
  async fn() {
    await using server = await serveHere("throughput_server");
    const measure = async (...flags: string[]) => {
      const { code, stdout, stderr } = await runHere(
        "throughput_client",
        ...[server.address, "-t", "200ms", "-i", "100ms", "-q", ...flags],
      );
      return { code, stdout, stderr };
    };
    const text = await measure("--plots", "none", "--get-server-output");
    assertEquals(text.code, 0, text.stderr);
    assertMatch(text.stdout, /server: \[ *1\] .* bytes received/);
    assertMatch(text.stdout, /forward: goodput \S+ \S+ \(received\), /);

    const both = JSON.parse((await measure("--json", "--bidir")).stdout);
    assertEquals(
      both.directions.map(({ direction }: { direction: string }) => direction),
      ["forward", "reverse"],
    );
    for (const { sender, receiver, ...more } of both.directions) {
      assert(sender.bytes >= receiver.bytes && receiver.bytes > 0);
      assertEquals(more.jain_index, 1);
      const { p10_bits_per_second, p90_bits_per_second } = more.rate_of_100_ms;
      assert(p10_bits_per_second <= p90_bits_per_second);
    }

    const udp = await measure("--csv", "-u", "-b", "1M", "-l", "500");
    const [header, ...rows] = udp.stdout.trim().split("\n");
    assertMatch(header!, /direction,start_s,end_s,omitted,bytes,.*jitter_us/);
    assert(rows.length > 0 && rows.every((row) => row.startsWith("forward,")));

    const events = (await measure("--ndjson", "-R")).stdout.trim().split("\n")
      .map((line) => JSON.parse(line).event);
    assertEquals([...new Set(events)], ["start", "interval", "end"]);

    const limits: [string[], number][] = [
      [["--fail-if", "throughput<1K"], 0],
      [["--fail-if", "throughput<1000G"], 3],
      [["--fail-if", "loss>90%", "-u"], 0],
      [["--fail-if", "jitter>0ms", "-u"], 3],
    ];
    for (const [flags, expected] of limits) {
      assertEquals([flags, (await measure(...flags)).code], [flags, expected]);
    }
  },
});

Deno.test({
  name: "throughput-client refuses what Deno cannot set, and contradictions",
  timeout: 30_000,
  async fn() {
    const refusals: [string[], RegExp][] = [
      [["--window", "1M"], /Deno cannot set the size of a socket's buffers/],
      [["--set-mss", "1400"], /Deno cannot set the size of a segment/],
      [["--congestion", "bbr"], /Deno cannot set the congestion control/],
      [["--tos", "16"], /Deno cannot set the type of service/],
      [["-t", "1s", "-n", "1M"], /choose one of --time, --bytes and --blocks/],
      [["-R", "--bidir"], /choose one of --reverse and --bidir/],
      [["-u", "-l", "1M"], /--length is from 16 to 65507 with --udp/],
      [["-P", "129"], /--parallel/],
      [["-b", "fast"], /a rate in bit\/s such as/],
      [["--username", "ann"], /--username needs --rsa-public-key-path/],
      [["--fail-if", "loss>1%"], /needs --udp/],
      [["--fail-if", "p99>1ms"], /needs another program/],
    ];
    for (const [flags, message] of refusals) {
      const { code, stderr } = await runHere(
        "throughput_client",
        ...[NOBODY, ...flags],
      );
      assertEquals([flags, code], [flags, 2]);
      assertMatch(stderr, message);
      assertEquals(stderr.trim().split("\n").length, 1, stderr);
    }
  },
});

Deno.test({
  name: "throughput-server says what it cannot set, and ends after one test",
  timeout: 30_000,
  async fn() {
    const wrong = await runHere("throughput_server", "--time-skew", "1ms");
    assertEquals(wrong.code, 2);
    const half = await runHere(
      "throughput_server",
      "--rsa-private-key-path",
      "k",
    );
    assertMatch(half.stderr, /go together/);
    const busy = await serveHere("throughput_server", "--one-off");
    await using server = busy;
    const client = await runHere(
      "throughput_client",
      ...[server.address, "-n", "100K", "-q"],
    );
    assertEquals(client.code, 0);
    assertMatch(client.stdout, /forward: goodput/); // it takes a millisecond
    const { stdout } = await server.ended();
    assertMatch(stdout, /: tcp, 1 stream; received 102400 bytes, /);
  },
});
