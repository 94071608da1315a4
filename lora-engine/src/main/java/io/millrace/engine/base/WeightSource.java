package io.millrace.engine.base;

/** A model as some tool left it: what an import reads. */
interface WeightSource extends AutoCloseable {
    Architecture architecture();

    TextFiles text();

    /**
     * The tensor of that name, in Hugging Face's names.
     *
     * @throws io.millrace.core.MillraceException {@code bad_base} where it is missing
     */
    SourceTensor tensor(String name);

    @Override
    void close();
}
