//! What the audit log writes down.

use super::words::words;

words! {
    /// Something that an account did, or saw, or was refused.
    pub enum Action {
        /// Made an account.
        AccountAdd = "account-add",
        /// Removed an account with its logins, tokens and uploads.
        AccountRemove = "account-remove",
        /// Changed a password.
        AccountPassword = "account-password",
        /// Logged in.
        Login = "login",
        /// Gave a wrong password.
        LoginFailed = "login-failed",
        /// Logged out.
        Logout = "logout",
        /// Made a token for a program.
        TokenAdd = "token-add",
        /// Removed a token.
        TokenRemove = "token-remove",
        /// Asked for something that it may not have, or sent something that could not be taken.
        Refused = "refused",
        /// Saw who of the register is due.
        SeeDue = "see-due",
        /// Saw the queue of mail with its addresses.
        SeeMail = "see-mail",
        /// Made a draft of a plan.
        PlanMake = "plan-make",
        /// Put a draft in force.
        PlanAdopt = "plan-adopt",
        /// Stored a campaign, or its new version.
        CampaignApply = "campaign-apply",
        /// Stored the jurisdiction's areas and places, or decided what campaigns say otherwise.
        JurisdictionApply = "jurisdiction-apply",
        /// Uploaded a workbook.
        Upload = "upload",
        /// Entered counts.
        Tally = "tally",
        /// Made the secret address of a calendar anew.
        FeedRenew = "feed-renew",
    }
}
