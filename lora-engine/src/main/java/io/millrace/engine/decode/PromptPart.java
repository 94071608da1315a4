package io.millrace.engine.decode;

import io.millrace.engine.decode.GenerationRequest.WeightedAdapter;
import java.util.List;

/**
 * Prompt tokens of one row that are computed in one pass.
 *
 * @param start position of the first token
 * @param row where in the cache its keys and values go
 * @param set has all adapters of the mix
 */
record PromptPart(int[] tokens, int start, int row, AdapterSet set, List<WeightedAdapter> mix) {}
