package io.millrace.core;

/**
 * A linear module of a base that an adapter can target.
 *
 * @param path full module path, as {@code model.layers.0.self_attn.q_proj}
 * @param out rows of the weight, output features
 * @param in columns of the weight, input features
 */
public record ModuleShape(String path, int out, int in) {

    /** The last part of the path, as {@code q_proj}. */
    public String suffix() {
        return path.substring(path.lastIndexOf('.') + 1);
    }
}
