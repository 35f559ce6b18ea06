/**
 * What other rooms take from this one: how their objects show themselves. It loads
 * neither Arquero nor Vega, unlike the room's main door.
 *
 * @module
 */
export { selfShowing } from "./self_showing.ts";
