package io.millrace.trainer.proof;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSettings;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.ExampleParser;
import io.millrace.core.MillraceException;
import io.millrace.core.TrainingExample;
import io.millrace.engine.text.TrainingSequence;
import io.millrace.engine.train.AdapterTrainer;
import io.millrace.registry.AdapterEntry;
import io.millrace.registry.VersionEntry;
import io.millrace.topics.Topics;
import io.millrace.trainer.job.Job;
import io.millrace.trainer.publish.VersionFiles;
import io.millrace.trainer.train.Train;
import io.millrace.trainer.worker.Engine;
import java.util.ArrayList;
import java.util.List;

/**
 * Measures a version on examples that are neither trained nor kept, on the base that it is for. Which adapter they name
 * doesn't matter.
 *
 * @param records the examples' JSON
 */
public record EvalJob(ProofContext context, VersionEntry version, List<byte[]> records) implements Job {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Live training has its turn between them. */
    private static final int AT_ONCE = 16;

    public EvalJob {
        records = List.copyOf(records);
    }

    @Override
    public String kind() {
        return "eval";
    }

    @Override
    public AdapterName adapter() {
        return version.adapter();
    }

    @Override
    public JsonNode run(Watch watch) {
        AdapterSettings settings = context.registry()
                .view()
                .adapter(adapter())
                .map(AdapterEntry::settings)
                .orElseGet(AdapterSettings::defaults);
        try (Engine engine = context.engine(new Digest(version.baseId()))) {
            return measured(engine, settings, watch);
        }
    }

    private JsonNode measured(Engine engine, AdapterSettings settings, Watch watch) {
        List<TrainingSequence> sequences = sequences(engine, settings.maxLength());
        ObjectNode result = JSON.createObjectNode()
                .put("adapter", adapter().toString())
                .put("version", version.id().hex())
                .put("label", version.ordinalName());
        ArrayNode losses = result.putArray("losses");
        double sum = 0;
        try (AdapterTrainer trainer =
                engine.model().resume(new VersionFiles(context.store(), engine.base()).read(version))) {
            for (int from = 0; from < sequences.size(); from += AT_ONCE) {
                if (watch.cancelled()) {
                    throw new Train.CancelledException();
                }
                watch.progress(from, sequences.size(), "examples");
                for (double loss : trainer.losses(
                        sequences.subList(from, Math.min(sequences.size(), from + AT_ONCE)), settings.microBatch())) {
                    losses.add(loss);
                    sum += loss;
                }
            }
        }
        return result.put("loss", sum / sequences.size());
    }

    /** @throws MillraceException {@code bad_request} naming the first that none can be made of, counted from 1 */
    private List<TrainingSequence> sequences(Engine engine, int maxLength) {
        ExampleParser parser = new ExampleParser(Topics.MAX_EXAMPLE_BYTES);
        List<TrainingSequence> sequences = new ArrayList<>();
        for (byte[] record : records) {
            try {
                TrainingExample example = parser.parse(record);
                sequences.add(engine.encoder().encode(example, maxLength));
            } catch (MillraceException e) {
                throw new MillraceException(
                        ErrorCode.BAD_REQUEST,
                        "record " + (sequences.size() + 1) + " can't be measured with, "
                                + e.code().code() + ": " + e.getMessage(),
                        e);
            }
        }
        return sequences;
    }
}
