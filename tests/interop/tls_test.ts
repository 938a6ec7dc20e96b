/** TLS with openssl and ncat, in both roles. */

import { assertEquals } from "@std/assert";
import { CertificateFiles } from "../certificates.ts";
import { Program, run, runHere, serveHere } from "../programs.ts";
import { freePort, interopTest } from "./programs.ts";

interopTest(["openssl"], "openssl s_client talks to tcp_server", async () => {
  using files = await CertificateFiles.make();
  await using server = await serveHere("tcp_server", ...files.server());
  await using client = new Program([
    ...["openssl", "s_client", "-connect", server.address, "-quiet"],
    ...["-CAfile", files.cert("authority"), "-verify_return_error"],
  ]);
  await client.write("hello\n");
  await client.heard(/^HELLO$/m);
});

interopTest(
  ["ncat"],
  "ncat --ssl shows a certificate to tcp_server",
  async () => {
    using files = await CertificateFiles.make();
    await using server = await serveHere(
      "tcp_server",
      ...files.server(),
      ...["--tls-client-ca", files.cert("authority")],
    );
    const [host, port] = server.address.split(":");
    const ask = (...more: string[]) =>
      run(["ncat", "--ssl", ...more, host!, port!], "hello\n");
    const shown = await ask(
      ...["--ssl-cert", files.cert("client"), "--ssl-key", files.key("client")],
    );
    assertEquals(shown.stdout, "HELLO\n");
    assertEquals((await ask()).stdout, "");
  },
);

interopTest(["openssl"], "tcp_client talks to openssl s_server", async () => {
  using files = await CertificateFiles.make();
  const port = freePort("tcp");
  await using server = new Program([
    ...["openssl", "s_server", "-accept", `127.0.0.1:${port}`, "-rev"],
    ...["-cert", files.cert("good"), "-key", files.key("good")],
  ]);
  await server.heard(/ACCEPT/);
  const target = `127.0.0.1:${port}`;
  const { stdout, stderr } = await runHere(
    "tcp_client",
    ...[target, ...files.client(), "abc"],
  );
  assertEquals([stdout, stderr], ["cba\n", ""]);
});
