/**
 * The part of Jinja2 that chat templates use, rendered as transformers renders it: blocks trimmed, undefined names empty,
 * Python's way of writing values. What isn't known is refused when a template is parsed, never rendered otherwise.
 */
package io.millrace.engine.text.jinja;
