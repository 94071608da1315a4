package io.millrace.registry.service;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescriptionJson;
import io.millrace.core.CanonicalJson;
import io.millrace.core.Digest;
import io.millrace.core.ErrorCode;
import io.millrace.core.Manifest;
import io.millrace.core.MillraceException;
import io.millrace.core.VersionId;
import io.millrace.core.peft.PeftDirectory;
import io.millrace.proto.internal.File;
import io.millrace.proto.internal.Promotion;
import io.millrace.proto.internal.PublishVersion;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.RegistryView;
import io.millrace.registry.VersionEntry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/** Publishes versions whose blobs were uploaded, after checking them as a router would before serving them. */
public final class Publisher {
    private static final int MAX_PROMPTS = 10_000;
    private static final String PROMPTS_FORMAT = "millrace-prompts/1";

    private final RegistryAccess registry;
    private final BlobAccess blobs;

    public Publisher(RegistryAccess registry, BlobAccess blobs) {
        this.registry = registry;
        this.blobs = blobs;
    }

    /**
     * What is to be published.
     *
     * @param manifest its canonical bytes
     * @param prompts of the kind that the adapter is for; the router fits prototypes on them
     * @param promote whether it is to become champion
     * @param expectedChampion compare-and-set; empty: there is none
     */
    public record Publication(
            byte[] manifest,
            List<String> prompts,
            boolean promote,
            Optional<VersionId> expectedChampion,
            String reason) {
        public Publication {
            prompts = List.copyOf(prompts);
        }
    }

    /** @param created whether it wasn't known before */
    public record Published(VersionEntry version, CommandOutcome outcome, boolean created) {}

    /**
     * Checks and publishes; publishing a known version changes nothing.
     *
     * @throws MillraceException {@code invalid_adapter} naming everything that is wrong, an unknown base too; what the
     *     registry refuses
     */
    public Published publish(Publication publication, String actor, Optional<String> commandId) {
        Manifest manifest = Manifest.parse(publication.manifest());
        RegistryView view = registry.view();
        boolean known = view.version(manifest.adapter(), manifest.id()).isPresent();
        if (!known) {
            check(view, manifest, publication.manifest());
        }
        Digest digest = blobs.store().put(publication.manifest());
        PublishVersion.Builder command = command(view, manifest, digest, publication);
        CommandOutcome outcome =
                registry.execute(RegistryRecord.newBuilder().setPublishVersion(command), actor, commandId);
        VersionEntry version =
                registry.view().version(manifest.adapter(), manifest.id()).orElseThrow();
        return new Published(version, outcome, !known);
    }

    private void check(RegistryView view, Manifest manifest, byte[] manifestBytes) {
        BaseDescription base = view.base(manifest.base())
                .map(b -> BaseDescriptionJson.read(b.descriptionJson()))
                .orElseThrow(() -> new MillraceException(
                        ErrorCode.INVALID_ADAPTER,
                        "the manifest names the base " + manifest.base() + ", which isn't one of this system's "
                                + view.bases().stream()
                                        .map(b -> b.name() + " (" + b.id() + ")")
                                        .toList()
                                + "; start a trainer with it, or register it with PUT /api/v1/bases/<id>"));
        Map<String, byte[]> files = new TreeMap<>(uploaded(manifest));
        files.put(Manifest.FILE, manifestBytes);
        try {
            PeftDirectory.read(files, base);
        } catch (MillraceException e) {
            if (e.code() == ErrorCode.WRONG_BASE) {
                throw new MillraceException(ErrorCode.INVALID_ADAPTER, e.getMessage(), e);
            }
            throw e;
        }
    }

    /** The manifest's files, once all of them are there with the right size. */
    private Map<String, byte[]> uploaded(Manifest manifest) {
        List<String> findings = new ArrayList<>();
        manifest.files().forEach((name, file) -> {
            OptionalLong size = blobs.store().size(file.sha256());
            if (size.isEmpty()) {
                findings.add(name + " (" + file.sha256() + ") was not uploaded");
            } else if (size.getAsLong() != file.sizeBytes()) {
                findings.add(name + " has " + size.getAsLong() + " bytes, but the manifest says " + file.sizeBytes());
            } else if (size.getAsLong() > blobs.maxBytes()) {
                findings.add(name + " is larger than " + blobs.maxBytes() + " bytes");
            }
        });
        if (!findings.isEmpty()) {
            throw new MillraceException(
                    ErrorCode.INVALID_ADAPTER,
                    "the version can't be published: " + String.join("; ", findings)
                            + ". Upload each with PUT /api/v1/blobs/<sha256>");
        }
        Map<String, byte[]> files = new TreeMap<>();
        manifest.files().forEach((name, file) -> files.put(name, blobs.store().get(file.sha256())));
        return files;
    }

    private PublishVersion.Builder command(
            RegistryView view, Manifest manifest, Digest digest, Publication publication) {
        Optional<VersionEntry> parent = manifest.parent().flatMap(p -> view.version(manifest.adapter(), p));
        long rounds = manifest.rounds().isEmpty()
                ? parent.map(VersionEntry::rounds).orElse(0L)
                : manifest.rounds().get(manifest.rounds().size() - 1).ordinal();
        PublishVersion.Builder command = PublishVersion.newBuilder()
                .setAdapter(manifest.adapter().toString())
                .setVersionId(manifest.id().hex())
                .setManifestSha256(digest.hex())
                .setBaseId(manifest.base().hex())
                .setParentVersionId(manifest.parent().map(VersionId::hex).orElse(""))
                .setRebuiltFromVersionId(
                        manifest.rebuiltFrom().map(VersionId::hex).orElse(""))
                .setRank(manifest.lora().rank())
                .setAlpha(manifest.lora().alpha())
                .addAllTargetModules(manifest.lora().targetModules())
                .setRounds(rounds)
                .setExamples(parent.map(VersionEntry::examples).orElse(0L))
                .setEvaluation(
                        io.millrace.proto.internal.Evaluation.newBuilder().setTrainLoss(Double.NaN))
                .setPrototypesSha256(
                        prompts(publication.prompts()).map(Digest::hex).orElse(""))
                .setPromotion(Promotion.newBuilder()
                        .setPromote(publication.promote())
                        .setExpectedChampion(publication
                                .expectedChampion()
                                .map(VersionId::hex)
                                .orElse(""))
                        .setReason(publication.reason()));
        command.addFiles(file(Manifest.FILE, digest, publication.manifest().length));
        manifest.files().forEach((name, file) -> command.addFiles(file(name, file.sha256(), file.sizeBytes())));
        return command;
    }

    private Optional<Digest> prompts(List<String> prompts) {
        if (prompts.isEmpty()) {
            return Optional.empty();
        }
        if (prompts.size() > MAX_PROMPTS || prompts.stream().anyMatch(String::isBlank)) {
            throw new MillraceException(
                    ErrorCode.BAD_REQUEST, "prompts must be 1 to " + MAX_PROMPTS + " texts, none of them empty");
        }
        return Optional.of(
                blobs.store().put(CanonicalJson.bytes(Map.of("format", PROMPTS_FORMAT, "prompts", prompts))));
    }

    private static File file(String name, Digest sha256, long sizeBytes) {
        return File.newBuilder()
                .setName(name)
                .setSha256(sha256.hex())
                .setSizeBytes(sizeBytes)
                .build();
    }
}
