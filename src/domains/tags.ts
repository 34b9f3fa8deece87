/** The tags of the API document, in its order: one a domain. */
export const tags = {
  Auth: "Sign-up, sign-in, sessions and one's own account.",
  Users: "The people of an organization.",
  Roles: "Built-in and custom roles, as sets of permissions.",
  Invitations: "People who were asked to join.",
  "API keys": "Credentials of service accounts.",
  Organizations: "The companies on the platform, their settings and their verification.",
  Links: "Relations between suppliers and buyers; nothing is sold without one.",
  Products: "What suppliers sell, and the catalog their buyers see.",
  Orders: "Orders, from both sides.",
  Audit: "Who did what.",
  Admin: "The platform's own operations.",
  System: "Health, metrics and this documentation.",
} as const satisfies Readonly<Record<string, string>>
