package io.millrace.standalone.cli;

import java.io.PrintStream;
import java.util.Locale;

/**
 * How far some long work is: a bar that is redrawn on a terminal, else a line for each tenth. On stderr, so that results
 * on stdout stay clean.
 */
public final class Progress {
    private static final int WIDTH = 30;

    private final PrintStream out;
    private final boolean terminal;
    private final String what;
    private int lastTenth = -1;

    public Progress(String what) {
        // The launcher knows what stderr is; the JVM can't tell.
        this(what, System.err, Boolean.getBoolean("millrace.terminal"));
    }

    Progress(String what, PrintStream out, boolean terminal) {
        this.what = what;
        this.out = out;
        this.terminal = terminal;
    }

    /** @param note said behind the numbers, as {@code loss 1.23} */
    public void update(long done, long total, String note) {
        double share = total == 0 ? 1 : Math.min(1, (double) done / total);
        int tenth = (int) (share * 10);
        String text = String.format(Locale.ROOT, "%s %d/%d %s", what, done, total, note)
                .stripTrailing();
        if (terminal) {
            int filled = (int) (share * WIDTH);
            out.print("\r[" + "#".repeat(filled) + ".".repeat(WIDTH - filled) + "] " + text + "\u001b[K");
            out.flush();
        } else if (tenth != lastTenth) {
            out.println(text);
        }
        lastTenth = tenth;
    }

    public void end() {
        if (terminal) {
            out.println();
        }
    }
}
