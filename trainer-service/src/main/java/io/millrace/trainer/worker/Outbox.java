package io.millrace.trainer.worker;

import io.millrace.core.AdapterName;
import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescriptionJson;
import io.millrace.core.VersionId;
import io.millrace.proto.internal.PutAdapter;
import io.millrace.proto.internal.RegisterBase;
import io.millrace.proto.internal.RegistryRecord;
import io.millrace.proto.internal.VersionCut;
import io.millrace.registry.CommandOutcome;
import io.millrace.registry.RegistryLog;
import io.millrace.registry.RegistryView;
import io.millrace.trainer.protocol.AdapterFold;
import io.millrace.trainer.protocol.CrashPoint;
import io.millrace.trainer.publish.ChampionGuard;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends what the journal says was cut to the registry, again and again until the registry's fold shows it; a command
 * that was seen before changes nothing. Also rolls champions back that have fallen behind, makes new adapters known, so
 * that they can be seen and set before their first version, and registers the base, so that versions for it can be
 * published from elsewhere. For the polling thread.
 */
final class Outbox {
    private static final Logger LOG = LoggerFactory.getLogger(Outbox.class);
    private static final Duration EVERY = Duration.ofMillis(200);
    private static final Duration AGAIN = Duration.ofSeconds(10);

    private final RegistryLog registry;
    private final ChampionGuard guard;
    private final BaseDescription base;
    private final String actor;
    private final Map<String, Sent> sent = new HashMap<>();
    private final Set<String> refused = new HashSet<>();
    private Instant next = Instant.EPOCH;

    private record Sent(CompletableFuture<CommandOutcome> answer, Instant at) {}

    Outbox(RegistryLog registry, ChampionGuard guard, BaseDescription base, String actor) {
        this.registry = registry;
        this.guard = guard;
        this.base = base;
        this.actor = actor;
    }

    void send(Collection<Lane> lanes, RegistryView view, Instant now) {
        if (now.isBefore(next)) {
            return;
        }
        next = now.plus(EVERY);
        if (view.base(base.id()).isEmpty()) {
            submit(registration(), now);
        }
        for (Lane lane : lanes) {
            Optional<AdapterFold> fold = lane.fold();
            if (fold.isPresent() && view.adapter(lane.adapter()).isEmpty()) {
                submit(creation(lane.adapter()), now);
            }
            guard.due(view, lane.adapter(), actor).ifPresent(rollback -> rollBack(rollback, now));
            fold.flatMap(AdapterFold::lastCut)
                    .filter(cut -> !published(lane.adapter(), cut, view))
                    .ifPresent(cut -> submit(cut.getCommand(), now));
        }
    }

    /** Whether the registry shows the adapter's last version, or has said that it never will. */
    boolean published(Lane lane, RegistryView view) {
        return lane.fold()
                .flatMap(AdapterFold::lastCut)
                .map(cut -> published(lane.adapter(), cut, view))
                .orElse(true);
    }

    private boolean published(AdapterName adapter, VersionCut cut, RegistryView view) {
        return refused.contains(cut.getCommand().getCommandId())
                || view.version(adapter, new VersionId(cut.getVersionId())).isPresent();
    }

    private RegistryRecord registration() {
        return command("base:" + base.id())
                .setRegisterBase(RegisterBase.newBuilder()
                        .setBaseId(base.id().hex())
                        .setName(base.name())
                        .setDescriptionJson(BaseDescriptionJson.write(base)))
                .build();
    }

    private RegistryRecord creation(AdapterName adapter) {
        return command("create:" + adapter)
                .setPutAdapter(PutAdapter.newBuilder()
                        .setAdapter(adapter.toString())
                        .setBaseId(base.id().hex()))
                .build();
    }

    private RegistryRecord.Builder command(String id) {
        return RegistryRecord.newBuilder().setCommandId(id).setFoldVersion(1).setActor(actor);
    }

    private void rollBack(RegistryRecord command, Instant now) {
        if (!sent.containsKey(command.getCommandId())) {
            LOG.warn(
                    "adapter={} champion={} is rolled back: {}",
                    command.getRollbackChampion().getAdapter(),
                    command.getRollbackChampion().getExpectedVersionId(),
                    command.getRollbackChampion().getReason());
        }
        submit(command, now);
    }

    private void submit(RegistryRecord command, Instant now) {
        String id = command.getCommandId();
        Sent before = sent.get(id);
        if (before != null
                && !before.answer().isDone()
                && now.isBefore(before.at().plus(AGAIN))) {
            return;
        }
        if (before != null && before.answer().isDone() && !before.answer().isCompletedExceptionally()) {
            answered(id, before.answer().join());
            return;
        }
        if (before != null) {
            LOG.warn("command={} has no answer from the registry's log yet; sending it again", id);
        }
        CrashPoint.BEFORE_REGISTRY.pass();
        sent.put(id, new Sent(registry.submit(command), now));
        CrashPoint.AFTER_REGISTRY.pass();
    }

    /** Applied: the view shows it soon. Refused: it never will. */
    private void answered(String id, CommandOutcome outcome) {
        if (outcome.error().isPresent() && refused.add(id)) {
            LOG.error(
                    "command={} was refused by the registry: {} {}",
                    id,
                    outcome.error().get().code(),
                    outcome.detail());
        }
    }
}
