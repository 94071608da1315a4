package io.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class StepBenchTest {
    @Test
    void printsOneLineForEachBaseAndType() throws Exception {
        StringWriter out = new StringWriter();
        CommandLine command = new CommandLine(new StepBench()).setOut(new PrintWriter(out));

        int exit = command.execute(
                "--shape=tiny",
                "--dtype=bf16,f32",
                "--base=nf4,dense",
                "--batch=2",
                "--seq=16",
                "--threads=1",
                "--steps=3",
                "--recompute",
                "--dropout=0.05");

        assertThat(exit).isZero();
        List<String> lines = out.toString().lines().toList();
        assertThat(lines).hasSize(4);
        JsonNode first = new ObjectMapper().readTree(lines.get(0));
        assertThat(first.path("bench").asText()).isEqualTo("step");
        assertThat(first.path("dtype").asText()).isEqualTo("bf16");
        assertThat(first.path("base").asText()).isEqualTo("nf4");
        assertThat(first.path("tokens_per_s_best").asDouble())
                .isGreaterThanOrEqualTo(first.path("tokens_per_s_median").asDouble())
                .isPositive();
        assertThat(first.path("loss").asDouble()).isPositive();
        assertThat(first.path("matmul_ms").asDouble()).isPositive();
    }
}
