package io.millrace.engine.base;

import static org.assertj.core.api.Assertions.assertThat;

import io.millrace.core.BaseDescription;
import io.millrace.core.BaseDescription.Quantisation;
import io.millrace.core.ChatMessage;
import io.millrace.core.safetensors.SafetensorsFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BasesTest {
    private static final Path MODELS = Path.of("src/test/resources/golden/models");

    @Test
    void aDenseBaseHasTheSourcesNumbers() {
        // Given a Hugging Face directory
        Path source = MODELS.resolve("tiny-llama");

        // When it is opened dense
        try (Base base = Bases.openDirectory(source, Quantisation.DENSE);
                SafetensorsFile file = SafetensorsFile.open(source.resolve("model.safetensors"))) {
            // Then it is described as its config.json says, and every tensor has the same bytes
            BaseDescription description = base.description();
            assertThat(description.hiddenSize()).isEqualTo(64);
            assertThat(description.kvHeads()).isEqualTo(2);
            assertThat(description.tiedEmbeddings()).isTrue();
            assertThat(description.eosTokenIds()).containsExactly(2);
            assertThat(description.rope()).isEqualTo(new BaseDescription.Rope(10_000, Optional.empty()));
            assertThat(base.tensorNames())
                    .isEqualTo(file.tensors().keySet())
                    .contains("model.layers.1.mlp.down_proj.weight");
            for (String name : base.tensorNames()) {
                assertThat(base.tensor(name))
                        .isInstanceOfSatisfying(BaseTensor.Dense.class, tensor -> assertThat(tensor.data())
                                .isEqualTo(file.data(name)));
            }
        }
    }

    @Test
    void aQuantisedBaseHasItsLinearLayersInFourBits() {
        // Given a directory with untied head and Llama 3's rotary scaling
        Path source = MODELS.resolve("tiny-llama3");

        // When it is opened as NF4
        try (Base base = Bases.openDirectory(source, Quantisation.NF4);
                SafetensorsFile file = SafetensorsFile.open(source.resolve("model.safetensors"))) {
            // Then linear layers are what the quantiser makes of them, the rest is as it was
            assertThat(base.description().rope().scaling()).contains(new BaseDescription.Llama3Scaling(8, 1, 4, 64));
            assertThat(base.tensor("lm_head.weight")).isInstanceOf(BaseTensor.Dense.class);
            assertThat(base.tensor("model.embed_tokens.weight")).isInstanceOf(BaseTensor.Dense.class);
            String name = "model.layers.0.self_attn.q_proj.weight";
            BaseTensor.Nf4 expected =
                    Nf4.quantise(file.floats(name), file.info(name).dims());
            BaseTensor.Nf4 tensor = (BaseTensor.Nf4) base.tensor(name);
            assertThat(tensor.packed().isDirect()).isTrue();
            assertThat(Nf4.dequantise(tensor)).isEqualTo(Nf4.dequantise(expected));
        }
    }

    @Test
    void theTextSideIsThere() {
        // Given an opened base
        try (Base base = Bases.openDirectory(MODELS.resolve("tiny-llama"), Quantisation.NF4)) {
            // When a conversation is rendered and tokenised
            String text = base.chatTemplate()
                    .orElseThrow()
                    .render(List.of(ChatMessage.of("user", "Hi {{ 1 + 1 }} \\n é")), List.of(), true);
            int[] ids = base.tokenizer().encode(text);

            // Then special tokens are recognised, and the text comes back
            assertThat(text).isEqualTo("<|im_start|>user\nHi {{ 1 + 1 }} \\n é<|im_end|>\n<|im_start|>assistant\n");
            assertThat(ids).startsWith(1).contains(2);
            assertThat(base.tokenizer().decode(ids, false)).isEqualTo(text);
        }
    }

    @Test
    void theIdComesFromTheContentAlone() {
        try (Base first = Bases.openDirectory(MODELS.resolve("tiny-llama"), Quantisation.NF4);
                Base again = Bases.openDirectory(MODELS.resolve("tiny-llama"), Quantisation.NF4);
                Base dense = Bases.openDirectory(MODELS.resolve("tiny-llama"), Quantisation.DENSE)) {
            assertThat(again.description().id()).isEqualTo(first.description().id());
            assertThat(dense.description().id())
                    .isNotEqualTo(first.description().id());
        }
    }
}
