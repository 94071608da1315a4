package io.millrace.bench.continual;

import io.millrace.core.AdapterSettings;
import java.util.Locale;

/** How a stream is trained. */
enum Run {
    /** Each example once and nothing else. */
    PLAIN,
    /** With earlier examples in between, as the settings say. */
    REPLAY;

    AdapterSettings of(AdapterSettings settings) {
        return this == REPLAY ? settings : settings.with("replay", "0").with("replay.after-shift", "0");
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
