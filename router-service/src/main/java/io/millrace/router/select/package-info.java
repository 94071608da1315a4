/** Which adapters answer a request: one class per step, behind {@link io.millrace.router.select.SelectionStep}. */
package io.millrace.router.select;
