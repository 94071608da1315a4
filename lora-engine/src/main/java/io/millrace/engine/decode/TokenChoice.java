package io.millrace.engine.decode;

import java.util.List;

/**
 * The next token of a row.
 *
 * @param logprob at temperature 1; NaN where not asked for
 */
record TokenChoice(int id, float logprob, List<Generation.Alternative> alternatives) {}
