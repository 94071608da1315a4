/** The engine: a frozen quantised base, adapters that train and decode. Knows no service framework. */
package io.millrace.engine;
