package io.millrace.trainer.proof;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import io.millrace.registry.VersionEntry;
import io.millrace.trainer.proof.Proof.Difference;
import io.millrace.trainer.proof.Proof.StretchProof;
import io.millrace.trainer.proof.Proof.VersionProof;
import java.util.List;
import java.util.Optional;

/**
 * What a verification came to, as the API shows it.
 *
 * @param exact whether every compared digest is the recorded one
 * @param fingerprint of the machine that computed it
 * @param computedVersion id that the computation leads to
 * @param versions that were made on the way, this one among them
 * @param damaged files of the version whose stored bytes aren't those of their digests
 * @param differing files that came out otherwise
 * @param differences of the version's weights
 */
@JsonInclude(JsonInclude.Include.NON_ABSENT)
record VerifyResult(
        String adapter,
        String version,
        String label,
        boolean exact,
        String fingerprint,
        String computedVersion,
        List<Stretch> stretches,
        List<Made> versions,
        List<String> damaged,
        List<String> differing,
        List<Difference> differences) {
    private static final ObjectMapper JSON = new ObjectMapper()
            .registerModule(new Jdk8Module())
            .setPropertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE);

    /** A version and what the computation came to there. */
    record Made(String version, String computed, long round) {}

    /** As {@link StretchProof}. */
    @JsonInclude(JsonInclude.Include.NON_ABSENT)
    record Stretch(
            String fingerprint,
            String startedFrom,
            long afterRound,
            long lastRound,
            int computed,
            boolean exact,
            int differing,
            Optional<First> first,
            List<Difference> differences) {
        static Stretch of(StretchProof proof) {
            return new Stretch(
                    proof.fingerprint(),
                    proof.startedFrom(),
                    proof.afterRound(),
                    proof.lastRound(),
                    proof.computed(),
                    proof.exact(),
                    proof.differing(),
                    proof.first()
                            .map(f -> new First(
                                    f.round(),
                                    f.what(),
                                    f.recorded().hex(),
                                    f.computed().hex())),
                    proof.differences());
        }
    }

    /** The first round that came out otherwise. */
    record First(long round, String what, String recorded, String computed) {}

    static VerifyResult of(VersionEntry version, Proof proof, List<String> damaged) {
        Optional<VersionProof> own = proof.version(version.id());
        return new VerifyResult(
                version.adapter().toString(),
                version.id().hex(),
                version.ordinalName(),
                proof.exact() && own.isPresent() && damaged.isEmpty(),
                proof.fingerprint(),
                own.map(v -> v.computed().hex()).orElse(""),
                proof.stretches().stream().map(Stretch::of).toList(),
                proof.versions().stream()
                        .map(v -> new Made(v.recorded().hex(), v.computed().hex(), v.round()))
                        .toList(),
                damaged,
                own.map(VersionProof::files).orElse(List.of()),
                own.map(VersionProof::differences).orElse(List.of()));
    }

    JsonNode json() {
        return JSON.valueToTree(this);
    }
}
