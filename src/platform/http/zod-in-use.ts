/**
 * The part of zod that Waybill uses. The bundle takes it for the whole, by the alias in wrangler.toml: zod hands its
 * namespace on, so that no bundler can see what nobody asks for (fifty languages, JSON Schema, its compiler).
 */
export {
  array,
  boolean,
  coerce,
  discriminatedUnion,
  email,
  enum,
  int,
  iso,
  lazy,
  literal,
  NEVER,
  number,
  object,
  preprocess,
  record,
  strictObject,
  string,
  union,
  unknown,
  ZodLazy,
  ZodObject,
  ZodType,
} from "zod/v4"
