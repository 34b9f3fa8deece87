import type { ProductFacts } from "../../../src/domains/catalog/rules.ts"
import type { OrderFacts } from "../../../src/domains/orders/rules.ts"
import type { LinkFacts } from "../../../src/domains/partners/rules.ts"
import type { ProductId } from "../../../src/kernel/ids.ts"
import { assertNever, type Result } from "../../../src/kernel/result.ts"
import type { LedgerWork } from "../work.ts"
import { type AddComponent, addComponent, type ComponentFact, type RemoveComponent, removeComponent } from "./bundles.ts"
import { type RequestLink, requestLink, type SetLinkStatus, setLinkStatus } from "./links.ts"
import { type PlaceOrder, placeOrder, type Reorder, reorder, type SetOrderStatus, setOrderStatus } from "./orders.ts"
import {
  type AddProductImage,
  addProductImage,
  archiveProduct,
  type CreateProduct,
  createProduct,
  type RemoveProductImage,
  removeProductImage,
  type UpdateProduct,
  updateProduct,
} from "./products.ts"

/** Everything the ledger can be told to do, with what it answers. */
export type LedgerCommands = {
  createProduct: { input: CreateProduct; fact: ProductFacts }
  updateProduct: { input: UpdateProduct; fact: ProductFacts }
  archiveProduct: { input: { readonly productId: ProductId }; fact: ProductFacts }
  addProductImage: { input: AddProductImage; fact: ProductFacts }
  removeProductImage: { input: RemoveProductImage; fact: ProductFacts }
  addComponent: { input: AddComponent; fact: ComponentFact }
  removeComponent: { input: RemoveComponent; fact: ComponentFact }
  requestLink: { input: RequestLink; fact: LinkFacts }
  setLinkStatus: { input: SetLinkStatus; fact: LinkFacts }
  placeOrder: { input: PlaceOrder; fact: OrderFacts }
  reorder: { input: Reorder; fact: OrderFacts }
  setOrderStatus: { input: SetOrderStatus; fact: OrderFacts }
}

export type LedgerVerb = keyof LedgerCommands
export type LedgerCommand = { [V in LedgerVerb]: { readonly verb: V; readonly input: LedgerCommands[V]["input"] } }[LedgerVerb]
export type LedgerFact = LedgerCommands[LedgerVerb]["fact"]

/** Commands that only the ledger's own organization may give. */
export const ownersVerbs: readonly LedgerVerb[] = [
  "createProduct",
  "updateProduct",
  "archiveProduct",
  "addProductImage",
  "removeProductImage",
  "addComponent",
  "removeComponent",
]

export function carryOut(work: LedgerWork, command: LedgerCommand, ifMatch: number | undefined): Result<LedgerFact> {
  switch (command.verb) {
    case "createProduct":
      return createProduct(work, command.input)
    case "updateProduct":
      return updateProduct(work, command.input, ifMatch)
    case "archiveProduct":
      return archiveProduct(work, command.input, ifMatch)
    case "addProductImage":
      return addProductImage(work, command.input, ifMatch)
    case "removeProductImage":
      return removeProductImage(work, command.input, ifMatch)
    case "addComponent":
      return addComponent(work, command.input)
    case "removeComponent":
      return removeComponent(work, command.input, ifMatch)
    case "requestLink":
      return requestLink(work, command.input)
    case "setLinkStatus":
      return setLinkStatus(work, command.input, ifMatch)
    case "placeOrder":
      return placeOrder(work, command.input)
    case "reorder":
      return reorder(work, command.input)
    case "setOrderStatus":
      return setOrderStatus(work, command.input, ifMatch)
    default:
      return assertNever(command)
  }
}
