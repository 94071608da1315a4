/** The demo: bundled examples through the whole system, and what that did to the answers. */
package io.millrace.standalone.demo;
