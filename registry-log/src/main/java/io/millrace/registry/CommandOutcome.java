package io.millrace.registry;

import io.millrace.core.ErrorCode;
import java.util.Optional;

/**
 * What the fold made of a command.
 *
 * @param offset of its record
 * @param error empty: applied
 * @param detail one line on the error, or on what changed
 */
public record CommandOutcome(long offset, Optional<ErrorCode> error, String detail) {}
