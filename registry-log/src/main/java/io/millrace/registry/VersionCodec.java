package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.registry.VersionEntry.Comparison;
import io.millrace.registry.VersionEntry.Evaluation;
import io.millrace.registry.VersionEntry.FileEntry;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Versions as commands say them, and back. */
public final class VersionCodec {
    /** The file that is the manifest. */
    public static final String MANIFEST = "millrace.json";

    private static final int MAX_FILES = 64;
    private static final Pattern FILE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
    private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

    private VersionCodec() {}

    /**
     * The version that the command publishes.
     *
     * @throws MillraceException {@code bad_request} where a field is missing or malformed
     */
    static VersionEntry entry(PublishVersion command, int ordinal, String promotionReason, Moment moment) {
        Digest manifest = digest("manifest_sha256", command.getManifestSha256());
        VersionId id = versionId("version_id", command.getVersionId());
        require(
                VersionId.of(manifest).equals(id),
                "version_id " + id + " isn't the start of manifest_sha256 " + manifest);
        digest("base_id", command.getBaseId());
        require(
                command.getRank() >= 1 && command.getRank() <= 4096,
                "rank must be 1 to 4096, not " + command.getRank());
        require(
                command.getAlpha() > 0 && Double.isFinite(command.getAlpha()),
                "alpha must be a positive number, not " + command.getAlpha());
        require(command.getTargetModulesCount() > 0, "target_modules is empty");
        return new VersionEntry(
                AdapterName.parse(command.getAdapter()),
                id,
                ordinal,
                manifest,
                command.getBaseId(),
                optionalId("parent_version_id", command.getParentVersionId()),
                optionalId("rebuilt_from_version_id", command.getRebuiltFromVersionId()),
                files(command, manifest),
                command.getRank(),
                command.getAlpha(),
                command.getTargetModulesList().stream().sorted().distinct().toList(),
                command.getRounds(),
                command.getExamples(),
                evaluation(command.getEvaluation()),
                command.getPrototypesSha256().isEmpty()
                        ? Optional.empty()
                        : Optional.of(digest("prototypes_sha256", command.getPrototypesSha256())),
                promotionReason,
                false,
                moment.at(),
                moment.offset());
    }

    /** The command that publishes the version, without its promotion. */
    public static PublishVersion command(VersionEntry version) {
        PublishVersion.Builder command = PublishVersion.newBuilder()
                .setAdapter(version.adapter().toString())
                .setVersionId(version.id().hex())
                .setManifestSha256(version.manifest().hex())
                .setBaseId(version.baseId())
                .setParentVersionId(version.parent().map(VersionId::hex).orElse(""))
                .setRebuiltFromVersionId(
                        version.rebuiltFrom().map(VersionId::hex).orElse(""))
                .setRank(version.rank())
                .setAlpha(version.alpha())
                .addAllTargetModules(version.targetModules())
                .setRounds(version.rounds())
                .setExamples(version.examples())
                .setPrototypesSha256(version.prototypes().map(Digest::hex).orElse(""));
        version.files()
                .forEach(f -> command.addFiles(File.newBuilder()
                        .setName(f.name())
                        .setSha256(f.sha256().hex())
                        .setSizeBytes(f.sizeBytes())));
        Evaluation evaluation = version.evaluation();
        command.setEvaluation(io.millrace.proto.internal.Evaluation.newBuilder()
                .setHeldoutExamples(evaluation.heldoutExamples())
                .setHeldoutLoss(evaluation.heldoutLoss())
                .setHasChampion(!Double.isNaN(evaluation.heldoutLossChampion()))
                .setHeldoutLossChampion(evaluation.heldoutLossChampion())
                .setHeldoutLossBase(evaluation.heldoutLossBase())
                .setTrainLoss(evaluation.trainLoss())
                .addAllComparisons(evaluation.comparisons().stream()
                        .map(VersionCodec::comparison)
                        .toList())
                .setConfidence(evaluation.confidence())
                .setResamples(evaluation.resamples())
                .setSeed(evaluation.seed()));
        return command.build();
    }

    private static io.millrace.proto.internal.Comparison comparison(Comparison c) {
        return io.millrace.proto.internal.Comparison.newBuilder()
                .setSet(c.set())
                .setExamples(c.examples())
                .setLoss(c.loss())
                .setLossChampion(c.lossChampion())
                .setLower(c.lower())
                .setUpper(c.upper())
                .setTolerance(c.tolerance())
                .setWorseShare(c.worseShare())
                .setVerdict(c.verdict())
                .build();
    }

    private static List<FileEntry> files(PublishVersion command, Digest manifest) {
        require(command.getFilesCount() <= MAX_FILES, "a version has at most " + MAX_FILES + " files");
        List<FileEntry> files = command.getFilesList().stream()
                .map(f -> {
                    require(FILE_NAME.matcher(f.getName()).matches(), "'" + f.getName() + "' can't be a file's name");
                    require(f.getSizeBytes() >= 0, f.getName() + " has a size that can't be");
                    return new FileEntry(f.getName(), digest(f.getName(), f.getSha256()), f.getSizeBytes());
                })
                .sorted(Comparator.comparing(FileEntry::name))
                .toList();
        require(files.stream().map(FileEntry::name).distinct().count() == files.size(), "a file is named twice");
        require(
                files.stream()
                        .anyMatch(f -> f.name().equals(MANIFEST) && f.sha256().equals(manifest)),
                "the files must name " + MANIFEST + " with the manifest's digest");
        return files;
    }

    /** Losses that can't have been measured become NaN. */
    private static Evaluation evaluation(io.millrace.proto.internal.Evaluation e) {
        boolean heldOut = e.getHeldoutExamples() > 0;
        return new Evaluation(
                e.getHeldoutExamples(),
                heldOut ? e.getHeldoutLoss() : Double.NaN,
                heldOut && e.getHasChampion() ? e.getHeldoutLossChampion() : Double.NaN,
                heldOut ? e.getHeldoutLossBase() : Double.NaN,
                e.getTrainLoss(),
                e.getComparisonsList().stream()
                        .map(c -> new Comparison(
                                c.getSet(),
                                c.getExamples(),
                                c.getLoss(),
                                c.getLossChampion(),
                                c.getLower(),
                                c.getUpper(),
                                c.getTolerance(),
                                c.getWorseShare(),
                                c.getVerdict()))
                        .toList(),
                e.getConfidence(),
                e.getResamples(),
                e.getSeed());
    }

    static VersionId versionId(String field, String hex) {
        require(VersionId.matches(hex), field + " must be 40 lower-case hex digits, not '" + shortened(hex) + "'");
        return new VersionId(hex);
    }

    static Optional<VersionId> optionalId(String field, String hex) {
        return hex.isEmpty() ? Optional.empty() : Optional.of(versionId(field, hex));
    }

    static Digest digest(String field, String hex) {
        require(
                SHA256.matcher(hex).matches(),
                field + " must be 64 lower-case hex digits, not '" + shortened(hex) + "'");
        return new Digest(hex);
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new MillraceException(ErrorCode.BAD_REQUEST, otherwise);
        }
    }

    private static String shortened(String text) {
        return text.length() <= 80 ? text : text.substring(0, 80) + "…";
    }
}
