package io.millrace.router.lease;

import io.millrace.engine.decode.LoadedAdapter;
import io.millrace.registry.VersionEntry;
import java.util.concurrent.atomic.AtomicBoolean;

/** A version that stays on the device until this is closed. Closing twice does nothing. */
public final class Lease implements AutoCloseable {
    private final VersionEntry version;
    private final LoadedAdapter adapter;
    private final Runnable release;
    private final AtomicBoolean closed = new AtomicBoolean();

    Lease(VersionEntry version, LoadedAdapter adapter, Runnable release) {
        this.version = version;
        this.adapter = adapter;
        this.release = release;
    }

    public VersionEntry version() {
        return version;
    }

    public LoadedAdapter adapter() {
        return adapter;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            release.run();
        }
    }
}
