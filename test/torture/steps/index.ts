import type { Operation } from "../plan.ts"
import { writeInChat } from "./chat.ts"
import { completeWeighed } from "./deliveries.ts"
import { complain, upload } from "./files.ts"
import { importOrders, importProducts } from "./imports.ts"
import { changeKit } from "./kits.ts"
import { listLinks, moveLink, requestLink } from "./links.ts"
import { correctMovement, holdOrReleaseLot, moveStock, receiveLot, receiveTransfer } from "./movements.ts"
import { acceptFewer, agree, listOrders, moveOrder, orderKit, placeForBuyer, placeOrder, readOrder } from "./orders.ts"
import { closeOrReopen, createApiKey, refreshTokens, shareStock } from "./organizations.ts"
import { assignRoles, disableUser, enableUser, hire, invite, workAsEmployee } from "./people.ts"
import { readCatalog, rebuild, reconcile, trespass } from "./platform.ts"
import { archiveProduct, countStock, createProduct, editAgainstRival, editByEtag, editPrice } from "./products.ts"
import { recallLot } from "./recalls.ts"
import type { Play } from "./scene.ts"
import { setTerms } from "./terms.ts"
import { handleUnit, listUnits, receiveUnits } from "./units.ts"

/** What a client does at each kind of step. */
export const plays: Readonly<Record<Operation, Play>> = {
  "place order": placeOrder,
  "place for buyer": placeForBuyer,
  "order kit": orderKit,
  "accept fewer": acceptFewer,
  agree,
  accept: moveOrder("ACCEPTED", "PENDING"),
  reject: moveOrder("REJECTED", "PENDING"),
  deliver: moveOrder("IN_DELIVERY", "ACCEPTED", "FAILED_DELIVERY"),
  "fail delivery": moveOrder("FAILED_DELIVERY", "IN_DELIVERY"),
  "complete weighed": completeWeighed,
  complete: moveOrder("COMPLETED", "IN_DELIVERY"),
  receive: moveOrder("COMPLETED", "IN_DELIVERY"),
  "cancel sale": moveOrder("CANCELLED", "PENDING", "ACCEPTED", "AMENDED", "FAILED_DELIVERY"),
  "cancel purchase": moveOrder("CANCELLED", "PENDING", "ACCEPTED", "AMENDED", "FAILED_DELIVERY"),
  "read order": readOrder,
  "list orders": (scene, actor) => listOrders(scene, actor),

  "request link": requestLink,
  "decide link": moveLink(({ picks: [, b] }) => (b < 0.9 ? "APPROVED" : "REJECTED"), "PENDING"),
  "block link": moveLink(() => "BLOCKED", "APPROVED"),
  "unblock link": moveLink(() => "APPROVED", "BLOCKED"),
  "withdraw link": moveLink(() => "REMOVED", "PENDING", "APPROVED"),
  "end link": moveLink(() => "REMOVED", "APPROVED"),
  "set terms": setTerms,
  "list links": listLinks,

  "create product": createProduct,
  "edit price": editPrice,
  "count stock": countStock,
  "edit by ETag": editByEtag,
  "edit against a rival": editAgainstRival,
  "archive product": archiveProduct,
  catalog: readCatalog,

  "receive lot": receiveLot,
  "move stock": moveStock,
  "receive transfer": receiveTransfer,
  "correct movement": correctMovement,
  "hold or release lot": holdOrReleaseLot,
  "recall lot": recallLot,
  "change kit": changeKit,
  "receive units": receiveUnits,
  "handle unit": handleUnit,
  "list units": listUnits,
  "import products": importProducts,
  "import orders": importOrders,

  hire,
  invite,
  "assign roles": assignRoles,
  "disable user": disableUser,
  "enable user": enableUser,
  "work as employee": workAsEmployee,

  "write in chat": writeInChat,
  upload,
  complain,

  "share stock": shareStock,
  "create API key": createApiKey,
  "refresh tokens": refreshTokens,
  "close or reopen": closeOrReopen,
  reconcile,
  rebuild,
  trespass,
}
