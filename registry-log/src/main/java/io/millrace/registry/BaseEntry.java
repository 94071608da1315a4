package io.millrace.registry;

import io.millrace.core.Digest;

/** A registered base. */
public record BaseEntry(Digest id, String name, String descriptionJson) {}
