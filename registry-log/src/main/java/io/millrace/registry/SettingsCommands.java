package io.millrace.registry;

import io.millrace.core.AdapterName;
import io.millrace.core.AdapterSetting;
import io.millrace.core.AdapterSettings;
import io.millrace.core.ErrorCode;
import io.millrace.core.MillraceException;
import io.millrace.proto.internal.PutAdapter;
import io.millrace.proto.internal.SetHold;
import io.millrace.proto.internal.SetPaused;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What changes an adapter beside its versions and aliases. */
final class SettingsCommands {
    private SettingsCommands() {}

    static Change put(RegistryState state, Moment moment, PutAdapter command) {
        AdapterName name = AdapterName.parse(command.getAdapter());
        boolean creates = state.adapterState(name).isEmpty();
        AdapterState adapter = state.adapterState(name).orElseGet(() -> AdapterState.create(name, moment));
        AdapterHead head = adapter.head();
        Map<String, String> explicit = new TreeMap<>(head.explicitSettings());
        command.getSettingsMap().forEach((key, value) -> {
            if (value.isEmpty()) {
                explicit.remove(key);
            } else {
                explicit.put(key, value);
            }
        });
        AdapterSettings settings = AdapterSettings.of(explicit);
        Optional<VersionEntry> first = adapter.versions().get(1);
        if (first.isPresent()) {
            refuseChange(adapter, settings, command.getSettingsMap().keySet());
            settings = fixed(settings, first.get());
        }
        AdapterHead changed = head.withSettings(explicit, settings);
        if (!command.getBaseId().isEmpty()) {
            String base = VersionCodec.digest("base_id", command.getBaseId()).hex();
            if (!adapter.versions().isEmpty() && !head.baseId().orElse(base).equals(base)) {
                throw new MillraceException(
                        ErrorCode.IMMUTABLE_SETTING,
                        "base of " + name + " is fixed since its first version: use `rebuild --set`");
            }
            changed = changed.withBase(base);
        }
        if (!creates && changed.equals(head)) {
            return Change.none(state, "settings of " + name + " are so already");
        }
        String detail = (creates ? "adapter " + name + " created" : "settings of " + name + " changed");
        return Change.to(state.withAdapter(adapter.withHead(moment, changed, detail)), detail);
    }

    /** The settings with the shape that an adapter's first version fixed. */
    static AdapterSettings fixed(AdapterSettings settings, VersionEntry first) {
        return settings.with(AdapterSetting.RANK.key(), String.valueOf(first.rank()))
                .with(
                        AdapterSetting.ALPHA.key(),
                        BigDecimal.valueOf(first.alpha()).toPlainString())
                .with(AdapterSetting.TARGETS.key(), String.join(",", first.targetModules()));
    }

    private static void refuseChange(AdapterState adapter, AdapterSettings wanted, Set<String> keys) {
        AdapterSettings now = adapter.head().settings();
        for (String key : keys) {
            AdapterSetting setting = AdapterSetting.of(key);
            if (setting.immutableAfterFirstRound() && !setting.valueIn(wanted).equals(setting.valueIn(now))) {
                throw new MillraceException(
                        ErrorCode.IMMUTABLE_SETTING,
                        key + " of " + adapter.name() + " is fixed at " + setting.valueIn(now)
                                + " since its first version: use `rebuild --set`");
            }
        }
    }

    static Change hold(RegistryState state, Moment moment, SetHold command) {
        AdapterState adapter = state.existing(command.getAdapter());
        String detail = "automatic promotion of " + adapter.name() + (command.getHold() ? " on hold" : " released");
        return adapter.head().hold() == command.getHold()
                ? Change.none(state, detail)
                : Change.to(
                        state.withAdapter(
                                adapter.withHead(moment, adapter.head().withHold(command.getHold()), detail)),
                        detail);
    }

    static Change pause(RegistryState state, Moment moment, SetPaused command) {
        AdapterState adapter = state.existing(command.getAdapter());
        String detail = "training of " + adapter.name() + (command.getPaused() ? " paused" : " resumed");
        return adapter.head().paused() == command.getPaused()
                ? Change.none(state, detail)
                : Change.to(
                        state.withAdapter(
                                adapter.withHead(moment, adapter.head().withPaused(command.getPaused()), detail)),
                        detail);
    }
}
