/**
 * Erases the texts of examples for good: {@code ForgetJob} has the journal say so first, then erases them wherever they are
 * kept, and says what can't be computed again any more.
 */
package io.millrace.trainer.forget;
