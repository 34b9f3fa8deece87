import type { Answer } from "../../lib/api.ts"
import type { Person } from "../cast.ts"
import { photo } from "../photo.ts"
import type { Chapter } from "../story.ts"
import type { Talk } from "./talk.ts"

export const aComplaintIsSettled: Chapter<Talk> = {
  title: "A complaint",
  async tell(story) {
    await story.setStatus("COMPLETED")
    const evidence = await story.upload("complaint_evidence", "warm.png", photo, story.chef)
    const complaint = await story.api.post("/complaints", {
      token: story.chef.token,
      body: {
        order_id: story.orderId,
        title: "Two kilos were warm",
        description: "The ice had melted.",
        evidence: [evidence.text("id")],
      },
    })
    story.created("the chef complains, with a photo", complaint)
    const path = `/complaints/${complaint.text("id")}`
    const act = (who: Person, verb: string, body?: unknown): Promise<Answer> =>
      story.api.put(`${path}/${verb}`, { token: who.token, ...(body === undefined ? {} : { body }) })
    const assigned = await act(story.rep, "assign")
    story.equal("the sales rep takes it", [assigned.status, assigned.at("assignee_id")], [200, story.rep.userId])
    const seen = await story.api.get(`/files/${evidence.text("id")}`, { token: story.rep.token })
    story.equal("and sees the photo", seen.status, 200)
    const escalated = await act(story.rep, "escalate", { reason: "More than I may credit." })
    story.equal("and passes it up", [escalated.status, escalated.at("level")], [200, "MANAGER"])
    const tooLow = await act(story.rep, "resolve", { kind: "CREDIT", text: "Here." })
    story.equal("from where it is not the rep's to resolve", tooLow.status >= 403, true)
    const resolved = await act(story.manager, "resolve", { kind: "CREDIT", text: "25.00 off the next order." })
    story.equal("the manager resolves it with a credit", [resolved.status, resolved.at("resolution.kind")], [200, "CREDIT"])
    const reopened = await act(story.chef, "reopen", { reason: "It was three kilos." })
    story.equal("the chef is not content", reopened.status, 200)
    await act(story.manager, "resolve", { kind: "CREDIT", text: "37.50 off the next order." })
    const closed = await act(story.chef, "confirm")
    story.equal("the chef is content now", [closed.status, closed.at("status")], [200, "CLOSED"])
    const late = await act(story.chef, "reopen")
    story.refused("what is closed stays closed", late, 409, "INVALID_TRANSITION")
    const spied = await story.api.get(path, { token: story.stranger.token })
    story.refused("to a stranger there is no such complaint", spied, 404, "NOT_FOUND")
    const log = await fetch(`${story.api.base}/api/v1/complaints/export`, { headers: { authorization: `Bearer ${story.manager.token}` } })
    story.equal(
      "the incident log is a CSV file with it",
      [log.status, log.headers.get("content-type")?.startsWith("text/csv"), (await log.text()).includes("Two kilos were warm")],
      [200, true, true],
    )
  },
}
