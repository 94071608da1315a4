package io.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class DecodeBenchTest {
    @Test
    void printsALineWithoutAndOneWithAdapters() throws Exception {
        StringWriter out = new StringWriter();
        CommandLine command = new CommandLine(new DecodeBench()).setOut(new PrintWriter(out));

        int exit = command.execute(
                "--shape=tiny",
                "--batch=3",
                "--adapters=2",
                "--rank=4",
                "--prompt=7",
                "--new=5",
                "--threads=1",
                "--repeat=2");

        assertThat(exit).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(2);
        for (int i = 0; i < 2; i++) {
            JsonNode line = new ObjectMapper().readTree(lines.get(i));
            assertThat(line.path("bench").asText()).isEqualTo("decode");
            assertThat(line.path("adapters").asInt()).isEqualTo(2 * i);
            assertThat(line.path("new_tokens_per_s_best").asDouble())
                    .isGreaterThanOrEqualTo(line.path("new_tokens_per_s").asDouble())
                    .isPositive();
            assertThat(line.path("ms_per_step").asDouble()).isPositive();
        }
    }
}
