package io.millrace.engine.selfcheck;

import java.nio.file.Path;
import java.util.List;

/** Finds the cases of one kind in a golden directory, by reading the directory, never by name or value. */
public interface GoldenSuite {
    List<GoldenCase> cases(Path goldenDirectory);
}
