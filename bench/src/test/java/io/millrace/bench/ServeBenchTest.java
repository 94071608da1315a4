package io.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class ServeBenchTest {
    private static final String STREAM = """
            data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}

            data: {"choices":[{"index":0,"delta":{"content":"Seven"}}]}

            data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5}}

            data: [DONE]

            """;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private HttpServer server;

    @AfterEach
    void stop() {
        server.stop(0);
    }

    @Test
    void printsALineForEachNumberOfRequestsAtOnce() throws Exception {
        int exit = run(200, STREAM);

        assertThat(exit).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(2);
        JsonNode second = new ObjectMapper().readTree(lines.get(1));
        assertThat(second.path("bench").asText()).isEqualTo("serve");
        assertThat(second.path("concurrency").asInt()).isEqualTo(3);
        assertThat(second.path("new_tokens").asLong()).isEqualTo(6 * 5);
        assertThat(second.path("new_tokens_per_s").asDouble()).isPositive();
        assertThat(second.path("ttft_ms_p95").asDouble())
                .isGreaterThanOrEqualTo(second.path("ttft_ms_p50").asDouble())
                .isPositive();
    }

    @Test
    void aRefusalIsReportedWithTheServersReason() throws Exception {
        int exit = run(503, "{\"code\":\"not_ready\"}");

        assertThat(exit).isNotZero();
        assertThat(err.toString()).contains("503", "not_ready");
    }

    private int run(int status, String body) throws Exception {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/v1/chat/completions", exchange -> {
            exchange.getRequestBody().readAllBytes();
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
        return new CommandLine(new ServeBench())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(
                        "--server=http://127.0.0.1:" + server.getAddress().getPort(),
                        "--concurrency=1,3",
                        "--requests=6");
    }
}
