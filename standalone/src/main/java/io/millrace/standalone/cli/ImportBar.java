package io.millrace.standalone.cli;

import io.millrace.engine.base.ImportProgress;

/** Shows a download and the import after it, one bar each. */
public final class ImportBar implements ImportProgress, AutoCloseable {
    private static final long MIB = 1 << 20;

    private String stage = "";
    private Progress bar = new Progress("");

    @Override
    public void advanced(String now, long done, long total) {
        if (!stage.equals(now)) {
            close();
            stage = now;
            bar = new Progress(now + " (" + (now.equals("download") ? "MiB" : "million weights") + ")");
        }
        bar.update(done / MIB, Math.max(done, total) / MIB, "");
    }

    @Override
    public void close() {
        if (!stage.isEmpty()) {
            bar.end();
            stage = "";
        }
    }
}
