package io.millrace.standalone.cli.adapters;

import com.fasterxml.jackson.databind.JsonNode;
import io.millrace.core.AdapterName;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.standalone.cli.ExampleLines;
import io.millrace.standalone.cli.Out;
import io.millrace.standalone.client.ServerClient;
import io.millrace.standalone.client.TrainerJob;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** A version is bad where its mean loss on the examples of a file is above a bound. */
final class LossTest implements VersionTest {
    private final ServerClient server;
    private final Out out;
    private final AdapterName adapter;
    private final ExampleLines examples;
    private final Map<String, Double> losses = new LinkedHashMap<>();
    private final double bound;

    /**
     * Measures the two versions that are known.
     *
     * @param tolerance how much worse than the good one is still good; where it isn't said, half of what the bad one is
     * @throws MillraceException {@code bad_request} where the bad one isn't bad
     */
    LossTest(
            ServerClient server,
            Out out,
            AdapterName adapter,
            ExampleLines examples,
            JsonNode good,
            JsonNode bad,
            Optional<Double> tolerance) {
        this.server = server;
        this.out = out;
        this.adapter = adapter;
        this.examples = examples;
        double least = loss(good);
        double most = loss(bad);
        this.bound = least + tolerance.orElse((most - least) / 2);
        if (most <= bound) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST,
                    String.format(
                            Locale.ROOT,
                            "%s isn't bad by this file: its mean loss is %.4f, that of %s %.4f, and up to %.4f is good",
                            bad.path("label").asText(),
                            most,
                            good.path("label").asText(),
                            least,
                            bound));
        }
        out.note(String.format(Locale.ROOT, "bad is a mean loss above %.4f", bound));
    }

    @Override
    public Verdict of(JsonNode version) {
        return loss(version) > bound ? Verdict.BAD : Verdict.GOOD;
    }

    @Override
    public Map<String, Object> found() {
        return Map.of("bound", bound, "losses", losses);
    }

    private double loss(JsonNode version) {
        String id = version.path("version").asText();
        double[] sum = {0};
        int[] count = {0};
        examples.eachBatch(batch -> {
            List<String> records = batch.stream().map(ExampleLines.Line::text).toList();
            try {
                TrainerJob.start(
                                server,
                                Map.of(
                                        "kind",
                                        "eval",
                                        "adapter",
                                        adapter.toString(),
                                        "revision",
                                        id,
                                        "records",
                                        records))
                        .await((done, of, note) -> {})
                        .path("losses")
                        .forEach(loss -> sum[0] += loss.asDouble());
            } catch (MillraceException e) {
                throw new MillraceException(
                        e.code(),
                        VersionTest.label(version) + " can't be measured with the records from "
                                + batch.get(0).place() + " on: " + e.getMessage(),
                        e);
            }
            count[0] += records.size();
        });
        if (count[0] == 0) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, "the evaluation file has no examples");
        }
        double loss = sum[0] / count[0];
        losses.put(id, loss);
        out.line(String.format(Locale.ROOT, "%s: mean loss %.4f", VersionTest.label(version), loss));
        return loss;
    }
}
