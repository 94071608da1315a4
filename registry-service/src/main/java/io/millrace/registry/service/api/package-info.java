/** The registry's REST interface under {@code /api/v1}. */
package io.millrace.registry.service.api;
