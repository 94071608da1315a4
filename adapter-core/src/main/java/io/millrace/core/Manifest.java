package io.millrace.core;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * What a version is made of and comes from. Its canonical JSON (RFC 8785) is the file {@value #FILE}, and the digest of
 * that is the version's id: so nothing in it may differ when the same version is computed again. No times, no ordinals
 * of versions; numbers that aren't integers are strings.
 *
 * @param base id of the base that it is for
 * @param parent the version whose training it continues
 * @param rebuiltFrom the version that it replaces, where it was computed again with other data or settings
 * @param fingerprints what the bits depend on beside the data, one for each stretch of rounds, sorted
 * @param rounds the rounds since the parent, in order; none for an adapter that was trained elsewhere
 * @param files every other file, by name
 */
public record Manifest(
        AdapterName adapter,
        Digest base,
        Optional<VersionId> parent,
        Optional<VersionId> rebuiltFrom,
        LoraConfig lora,
        SortedSet<String> fingerprints,
        List<Round> rounds,
        SortedMap<String, FileDigest> files) {

    /** Its name among a version's files. */
    public static final String FILE = "millrace.json";

    private static final String FORMAT = "millrace-version/1";
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}");

    /**
     * One round of training.
     *
     * @param ordinal within the adapter, from 1
     * @param plan digest of the round's archived plan
     * @param head digest of the head that the round led to
     */
    public record Round(long ordinal, Digest plan, Digest head) {
        public Round {
            if (ordinal < 1) {
                throw invalid("a round's ordinal must be at least 1, not " + ordinal);
            }
        }
    }

    public record FileDigest(Digest sha256, long sizeBytes) {
        public FileDigest {
            if (sizeBytes < 0) {
                throw invalid("a file can't have " + sizeBytes + " bytes");
            }
        }

        public static FileDigest of(byte[] content) {
            return new FileDigest(Digest.of(content), content.length);
        }
    }

    public Manifest {
        fingerprints = Collections.unmodifiableSortedSet(new TreeSet<>(fingerprints));
        rounds = List.copyOf(rounds);
        files = Collections.unmodifiableSortedMap(new TreeMap<>(files));
        for (int i = 1; i < rounds.size(); i++) {
            if (rounds.get(i).ordinal() <= rounds.get(i - 1).ordinal()) {
                throw invalid("round " + rounds.get(i).ordinal() + " follows round "
                        + rounds.get(i - 1).ordinal());
            }
        }
        for (String name : files.keySet()) {
            if (!FILE_NAME.matcher(name).matches() || name.equals(FILE)) {
                throw invalid("'" + name + "' can't be a file of a version");
            }
        }
    }

    public VersionId id() {
        return VersionId.of(digest());
    }

    public Digest digest() {
        return Digest.of(canonicalBytes());
    }

    /** The content of {@value #FILE}. */
    public byte[] canonicalBytes() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("adapter", adapter.toString());
        json.put("base", base.hex());
        parent.ifPresent(p -> json.put("parent", p.hex()));
        rebuiltFrom.ifPresent(r -> json.put("rebuilt_from", r.hex()));
        json.put(
                "lora",
                Map.of(
                        "rank", lora.rank(),
                        "alpha", decimal(lora.alpha()),
                        "dropout", decimal(lora.dropout()),
                        "target_modules", List.copyOf(lora.targetModules()),
                        "rslora", lora.rsLora()));
        json.put("fingerprints", List.copyOf(fingerprints));
        json.put(
                "rounds",
                rounds.stream()
                        .map(r -> Map.of(
                                "ordinal", r.ordinal(),
                                "plan", r.plan().hex(),
                                "head", r.head().hex()))
                        .toList());
        Map<String, Object> digests = new LinkedHashMap<>();
        files.forEach(
                (name, file) -> digests.put(name, Map.of("sha256", file.sha256().hex(), "size", file.sizeBytes())));
        json.put("files", digests);
        return CanonicalJson.bytes(json);
    }

    private static String decimal(double value) {
        return CanonicalJson.text(value);
    }

    /**
     * Reads a manifest and sees that these very bytes are its canonical form, so that an id never names two contents.
     *
     * @throws MillraceException {@code invalid_adapter}
     */
    public static Manifest parse(byte[] content) {
        Manifest manifest;
        try {
            manifest = read(new JsonFields(StrictJson.object(content)));
        } catch (StrictJson.Malformed e) {
            throw new MillraceException(ErrorCode.INVALID_ADAPTER, FILE + " is no JSON object: " + e.getMessage(), e);
        }
        if (!Arrays.equals(manifest.canonicalBytes(), content)) {
            throw invalid(FILE + " is not in canonical form (RFC 8785) or has fields that are unknown here; write it"
                    + " without spaces, with sorted names");
        }
        return manifest;
    }

    private static Manifest read(JsonFields json) {
        String format = json.string("format");
        if (!format.equals(FORMAT)) {
            throw invalid(FILE + " has the format '" + format + "'; this system reads " + FORMAT);
        }
        JsonFields lora = json.object("lora");
        List<Round> rounds = new ArrayList<>();
        for (JsonFields round : json.objects("rounds")) {
            rounds.add(new Round(round.integer("ordinal"), round.digest("plan"), round.digest("head")));
        }
        SortedMap<String, FileDigest> files = new TreeMap<>();
        JsonFields listed = json.object("files");
        for (String name : listed.names()) {
            JsonFields file = listed.object(name);
            files.put(name, new FileDigest(file.digest("sha256"), file.integer("size")));
        }
        return new Manifest(
                AdapterName.parse(json.string("adapter")),
                json.digest("base"),
                json.version("parent"),
                json.version("rebuilt_from"),
                new LoraConfig(
                        Math.toIntExact(Math.min(lora.integer("rank"), Integer.MAX_VALUE)),
                        number(lora.string("alpha")),
                        number(lora.string("dropout")),
                        new TreeSet<>(lora.strings("target_modules")),
                        lora.bool("rslora")),
                new TreeSet<>(json.strings("fingerprints")),
                rounds,
                files);
    }

    private static double number(String text) {
        try {
            return new BigDecimal(text).doubleValue();
        } catch (NumberFormatException e) {
            throw new MillraceException(ErrorCode.INVALID_ADAPTER, FILE + ": '" + text + "' is no number", e);
        }
    }

    /**
     * What is wrong with a version's files: missing ones, other sizes or digests, and files that aren't listed.
     *
     * @param present content of every file but the manifest
     */
    public List<String> findings(Map<String, byte[]> present) {
        List<String> findings = new ArrayList<>();
        files.forEach((name, expected) -> {
            byte[] content = present.get(name);
            if (content == null) {
                findings.add(name + " is missing");
            } else if (!FileDigest.of(content).equals(expected)) {
                findings.add(name + " has the digest " + Digest.of(content) + " and " + content.length
                        + " bytes, but the manifest says " + expected.sha256() + " and " + expected.sizeBytes());
            }
        });
        present.keySet().stream()
                .filter(name -> !files.containsKey(name) && !name.equals(FILE))
                .sorted()
                .forEach(name -> findings.add(name + " is not listed in the manifest"));
        return findings;
    }

    static MillraceException invalid(String message) {
        return new MillraceException(ErrorCode.INVALID_ADAPTER, message);
    }
}
