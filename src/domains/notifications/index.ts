/** The only way into this domain. */
export { cleanUpNotifications } from "./clean-up.ts"
export { notificationEndpoints } from "./http.ts"
export { sendMails, wakeMailers } from "./send-mails.ts"
export { notificationsSubscriber } from "./subscriber.ts"
