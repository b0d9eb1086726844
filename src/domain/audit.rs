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
        /// Decided about a row that contradicts the register.
        Decide = "decide",
        /// Made the records of two people those of one.
        PersonMerge = "person-merge",
        /// Erased the personal data of somebody.
        PersonErase = "person-erase",
        /// Saw all that is known of somebody.
        PersonExport = "person-export",
        /// Closed a campaign.
        CampaignClose = "campaign-close",
        /// Opened a closed campaign again.
        CampaignReopen = "campaign-reopen",
        /// Removed a campaign without facts.
        CampaignRemove = "campaign-remove",
        /// Took an imported file out again.
        ImportUndo = "import-undo",
        /// Uploaded a workbook.
        Upload = "upload",
        /// Entered counts.
        Tally = "tally",
        /// Made the secret address of a calendar anew.
        FeedRenew = "feed-renew",
    }
}
