package io.millrace.engine.base;

import io.millrace.core.BaseDescription;
import io.millrace.engine.text.ChatTemplate;
import io.millrace.engine.text.CompletionEncoder;
import io.millrace.engine.text.ExampleEncoder;
import io.millrace.engine.text.Prompts;
import io.millrace.engine.text.Tokenizer;
import java.util.Optional;
import java.util.Set;

/**
 * An imported base: description, tensors and text side. Tensors have Hugging Face's names for Llama:
 * {@code model.embed_tokens.weight}, {@code model.layers.N.{self_attn.{q,k,v,o}_proj,mlp.{gate,up,down}_proj}.weight},
 * {@code model.layers.N.{input_layernorm,post_attention_layernorm}.weight}, {@code model.norm.weight}, and
 * {@code lm_head.weight} where it isn't tied. Only the block's linear layers may be {@link BaseTensor.Nf4}.
 */
public interface Base extends AutoCloseable {
    BaseDescription description();

    Set<String> tensorNames();

    /** The tensor, mapped on first use. @throws IllegalArgumentException where the base has none of that name */
    BaseTensor tensor(String name);

    Tokenizer tokenizer();

    /** Empty where the base has none: prompt and completion are then joined as they are. */
    Optional<ChatTemplate> chatTemplate();

    /** Conversations and texts as this base's tokens. */
    default Prompts prompts() {
        return new Prompts(tokenizer(), chatTemplate());
    }

    /** Training examples as this base's tokens, completions labelled. */
    default ExampleEncoder exampleEncoder() {
        return new CompletionEncoder(tokenizer(), chatTemplate(), description().eosTokenIds());
    }

    @Override
    void close();
}
