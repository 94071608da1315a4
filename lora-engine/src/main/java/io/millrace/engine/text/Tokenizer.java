package io.millrace.engine.text;

/** Text to token ids and back. Safe for use by many threads. */
public interface Tokenizer extends AutoCloseable {

    /** Ids of the text, without any special token added; special tokens written in the text are recognised. */
    int[] encode(String text);

    /** Ids that the tokenizer itself puts before every text (as a BOS token); usually none. */
    default int[] prefix() {
        return new int[0];
    }

    /** The text of the ids; special tokens are left out where {@code skipSpecial} says so. */
    String decode(int[] ids, boolean skipSpecial);

    int vocabSize();

    /** A decoder for one stream of ids, which holds back bytes of an unfinished character. */
    StreamDecoder streamDecoder();

    @Override
    void close();

    /** Not safe for use by many threads. */
    interface StreamDecoder {
        /** The text that this id completes, possibly empty. */
        String next(int id);

        /** What was held back, at the end of the stream. */
        String flush();
    }
}
